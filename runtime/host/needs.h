/* needs.h: what ninja and others that we start cannot do without, and we cannot give them. */
#pragma once
#include <stdbool.h>

struct need {
	char what[160];  /* "the system call ppoll is refused here, and ninja and QEMU cannot work without it" */
	const char *fix; /* static; what to do about it, as an object: "a container's …" */
};

/* Whether something is lacking, and the first of it: a system call, or stack. Costs a few system calls. */
bool needs_lack(struct need *l);
