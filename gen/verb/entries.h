/* entries.h: entries of the kernel cache, as verbs show them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
struct err;
struct kernel_entry;

/* The table of `kernel list`, markers included; fitted to the terminal if f is one. head: with a line of headings. */
void entries_print(FILE *f, const struct kernel_entry *const *v, size_t n, bool head);
/* Says which entry a kernel-entry step has made in folder dir; its key alone goes to stdout, for scripts. */
int entry_print_made(const char *dir, struct err *e);
