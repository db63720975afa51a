/* doctor.h: what this machine has of what the verbs need, one finding after the other.
 *
 * Looking changes nothing on the machine but the probe's answer in a store that is there already. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct home;

enum level {
	LEVEL_OK,
	LEVEL_WARN, /* a verb is slower, checks less, or is not to be had; the finding says which */
	LEVEL_FAIL, /* kernels cannot be built, or nothing can be run on them */
};

struct finding {
	char *name; /* "qemu" */
	enum level level;
	int code;   /* of FAIL: the exit code of a verb that runs into it */
	char *text; /* one line: what is there; else what is wrong and what does not work because of it */
	char *fix;  /* the command that mends it, or in words what does; NULL: nothing to do, or nothing to be done */
	char *version;  /* of a program that is there; NULL */
	char *required; /* the oldest version that will do; NULL: any */
	char *path;     /* of a program or folder; NULL */
};

struct findings {
	struct finding *v;
	size_t n;
};

/* The new one, to be filled further; valid until the next is added. */
struct finding *found(struct findings *f, const char *name, enum level level, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* 0, or the code of the first one that is FAIL. */
int findings_code(const struct findings *f);
void findings_free(struct findings *f);
#define auto_findings __attribute__((unused, cleanup(findings_free)))

/* Processors, memory, whether KVM runs code. */
void doctor_host(struct findings *f, const struct home *home);
/* Programs, their versions, headers. Toolchain of the kernel as $ARCH, $CROSS_COMPILE and $LLVM choose it. */
void doctor_tools(struct findings *f);
/* Store, kernel cache, room on their disk, the kernel a verb takes unless told otherwise. */
void doctor_store(struct findings *f, const struct home *home);

/* The parts that decide, apart from the machine. kvm: "works", "missing", "forbidden", "broken", of the step `probe`.
 * group: who owns /dev/kvm and may use it, NULL: nobody but root; member: this user is in it, though perhaps not in this session. */
void judge_kvm(struct findings *f, const char *kvm, const char *why, const char *group, bool member);
/* MiB, as /proc/meminfo has them. */
void judge_memory(struct findings *f, uint64_t total, uint64_t available);
void judge_disk(struct findings *f, const char *path, uint64_t free_bytes);

/* Whether the first version in text ("gcc (Debian 12.2.0-14) 12.2.0", "v1.24") is min or later. *version, the caller's, is
 * that version, NULL without one; then it is not. */
bool version_reaches(const char *text, const char *min, char **version);
