/* manifest.h: what cargo says of a package's programs before it builds them, from "cargo metadata --no-deps --format-version 1". */
#pragma once
#include <stddef.h>
struct err;

struct manifest {
	char *default_run; /* the program "cargo run" would take; NULL: the package names none */
	char *needs; /* programs that are built with certain features only: "one requires bpf, two requires bpf and jit"; NULL: none */
	char *features; /* those of all of them as cargo's --features takes them: "bpf,jit"; NULL: none */
};

/* Of the package that spec (as cargo's --package takes it) means; {0} when none, or not one alone, is it. From memory; negative for what
 * is no such JSON. */
int manifest_read(struct manifest *m, const char *text, size_t n, const char *spec, struct err *e);
void manifest_free(struct manifest *m);
#define auto_manifest __attribute__((unused, cleanup(manifest_free)))
