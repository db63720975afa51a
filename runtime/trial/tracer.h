/* tracer.h: a guest's kernel writes down its scheduler's events while a scenario runs. What that takes is the guest's own time, so the
 * schedule is another one than without it. */
#pragma once
struct err;
struct msg;
struct vm;

struct tracer {
	struct vm *vm;
	int (*hear)(void *arg, const struct msg *m, struct err *e); /* what the guest says besides, of its scheduler */
	void *arg;
};

/* Between a guest's beginning and its engine. busybox: a static one of this host. The shell that asks for the events runs above the
 * scheduler. X_VM: this kernel has no events. */
int tracer_begin(const struct tracer *t, const char *busybox, struct err *e);
/* When the engine has ended: the kernel's text of what it has, which is the last of it where there was more, into the file fd. */
int tracer_end(const struct tracer *t, int fd, struct err *e);
