/* init.h: how the parts of ktstr-init hang together.
 *
 * One process, one thread, one epoll loop (main.c); every part registers what it waits for with watch() and is called
 * back. Nothing here may block for long, and nothing may exit: what cannot be survived ends in die(), which resets the
 * machine so that the host sees an end. */
#pragma once
#include "guest/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* main.c */
typedef void watch_fn(uint32_t events);
/* Calls fn with the EPOLL* bits whenever one of events is there. */
void watch(int fd, uint32_t events, watch_fn *fn);
void unwatch(int fd);
/* Asks for the next chunks of a bulk transfer; the port calls it when its queue has room again. */
void bulk_resume(void);

/* Does what one frame of the host asks for. */
void request(uint32_t type, const void *data, size_t n);

/* crash.c */
/* A line on the console. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Tells console and host, then resets the machine. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
void crash_handlers(void);
void machine_end(void) __attribute__((noreturn));

/* mounts.c */
void mounts_first(void); /* /proc /sys /dev, and a console to speak on */
void mounts_rest(void);
/* First n bytes of a small file, NUL-ended, trailing newline cut; negative when it cannot be read. */
int slurp(const char *path, char *buf, size_t n);
int spit(const char *path, const char *text);
/* MSG_CONSOLE: which kernel messages the console shows. */
void console_level(const void *data, size_t n);

/* port.c */
/* Waits for the port's device and opens it. */
void port_open(void);
/* Queues a copy and sends what the host takes now. */
void port_send(enum proto_type type, const void *data, size_t n);
void port_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Room for bulk data: ask before every chunk of it. */
bool port_ready(void);
/* Pushes what is queued for at most ms milliseconds; for the way down only. */
void port_flush(int ms);

/* uevent.c */
/* Kernel events from now on; -1 when the kernel has none to give. */
int uevent_open(void);
/* One event: its first string ("add@/devices/…") and its other "KEY=value" strings, NUL-ended. 0 when there is none,
 * 1 with an event, -1 when events were lost. */
int uevent_next(const char **what, const char **pairs, size_t *n);
/* Value of a pair or NULL. */
const char *uevent_get(const char *pairs, size_t n, const char *key);

/* facts.c */
void facts_hello(void);

/* topo.c: which CPUs and nodes belong together, as lines of HELLO. */
void topo_write(FILE *f);

/* files.c */
void files_make(const void *manifest, size_t n);
void files_pushed(void);

/* sched.c: the scheduler process */
void sched_start(const void *data, size_t n);
void sched_stop(const void *data, size_t n);
void sched_resume(void);
void sched_reap(void); /* after SIGCHLD */

/* Builds argv and environment of START and RUN from their strings; false: damaged. What env lacks of PATH, HOME and
 * RUST_LOG is added. The vectors are static and valid until the next call. */
bool words(const char *data, size_t n, uint32_t argc, uint32_t n_env, char ***argv, char ***env);

/* session.c: a shell or a command the user works with */
void session_run(const void *data, size_t n);
void session_input(const void *data, size_t n);
void session_window(const void *data, size_t n);
void session_deaf(const void *data, size_t n);
void session_resume(void);
void session_reaped(int pid, int status);

/* scx.c: what sched_ext says about it */
void scx_watch(void);            /* once, at boot */
void scx_begin(long long start); /* the scheduler starts now (now_ms) */
void scx_check(void);            /* tell the host when the state is another one */
void scx_end(void);              /* its process is gone */

/* letgo.c: why the kernel let go of a scheduler */
void exit_info_watch(void); /* once, at boot */
void exit_info_begin(void); /* forget what was said before */
void exit_info_tell(void);  /* tell the host, when there is something to tell */

/* progs.c */
void progs_send(void);

/* work.c: tasks for the scheduler to run */
void work_start(const void *data, size_t n);

/* Milliseconds on CLOCK_MONOTONIC. */
long long now_ms(void);
