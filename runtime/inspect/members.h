/* members.h: members of a kernel's structures, found in its BTF by name once, and kept as lines of text.
 *
 * A table names the structures and, for each member, where it goes in a structure of ours. A line is "bpf_prog.aux 56 8": offset and
 * size in bytes, or "-" in place of both when this kernel has no such member. */
#pragma once
#include <bpf/btf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;

struct member {
	int32_t off;   /* bytes; -1: absent in this kernel */
	uint32_t size; /* bytes of the member's type */
};

struct member_row {
	size_t target;     /* of a struct member, in what the table fills */
	int in;            /* structure, by its place in the table's list */
	const char *path;  /* members, separated by dots; anonymous ones are not named */
	uint32_t min, max; /* plausible sizes */
	bool required;
};

enum { MEMBERS_STRUCTS = 24, MEMBERS_ROWS = 64, MEMBERS_OFFSET = 1 << 16 /* all are below */ };

struct members {
	const char *const *structs;
	size_t n_structs;
	const struct member_row *rows;
	size_t n_rows;
};

/* A kernel's types. */
struct members_btf {
	struct btf *btf;
	uint32_t id[MEMBERS_STRUCTS]; /* 0: there is none */
	unsigned visits;
};

/* btf: raw BTF ("9F EB …"), which may be hostile. X_BAD_KERNEL. Silences libbpf for the whole process. */
int members_open(struct members_btf *t, const void *btf, size_t n, struct err *e);
/* What libbpf does not look at itself; before btf__new() of foreign bytes. X_BAD_KERNEL. */
int members_check_header(const void *btf, size_t n, struct err *e);
/* Fills the struct members in to. X_NO_SCX names what is required and missing, or makes no sense; another missing one is -1. */
int members_find(struct members_btf *t, const struct members *m, void *to, struct err *e);
void members_close(struct members_btf *t);
#define auto_members __attribute__((unused, cleanup(members_close)))

void members_write(FILE *f, const struct members *m, const void *from);

/* One line of the text form: a name and up to two numbers ("-" is -1). */
struct members_line {
	const char *name;
	size_t len;
	int64_t v[2];
	int n;
};
/* The text up to end, without its line feed. */
int members_split(const char *p, const char *end, struct members_line *l);
/* name is a, or a.b. */
bool members_is(const struct members_line *l, const char *a, const char *b);
/* The row that this line is of; n_rows: none. */
size_t members_row(const struct members *m, const struct members_line *l);
int members_take(const struct member_row *r, const struct members_line *l, void *to);
