/* loop.h: the one loop of ktstr-init.
 *
 * One process, one thread, one epoll; every part registers what it waits for with watch() and is called back. Nothing
 * here may block for long, and nothing may exit: what cannot be survived ends in die() (crash.h). */
#pragma once
#include <stdint.h>

void loop_open(void);
typedef void watch_fn(uint32_t events);
/* Calls fn with the EPOLL* bits whenever one of events is there. */
void watch(int fd, uint32_t events, watch_fn *fn);
void unwatch(int fd);
/* Called each time there is nothing left to do, before the loop waits. */
void before_wait(void (*fn)(void));
/* For ever. */
void loop_run(void) __attribute__((noreturn));

/* Milliseconds on CLOCK_MONOTONIC. */
long long now_ms(void);
