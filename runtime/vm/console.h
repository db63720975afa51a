/* console.h: the serial console of a guest, kept whole as far as memory allows. */
#pragma once
#include <stddef.h>
struct vm;

/* Takes what the console and QEMU's stderr have to say, without waiting. */
void console_drain(struct vm *vm);
/* deadline, or before that: when a console in a file, which wakes nobody, is to be looked at again. */
long long console_look(const struct vm *vm, long long deadline);
/* "\nconsole: …" with the last lines, or "". Caller frees. */
char *console_excerpt(const struct vm *vm);
/* Last lines of the console for messages. Caller frees. */
char *vm_console_tail(const struct vm *vm, int lines);
/* One line naming a panic, BUG or lock-up seen on the console, or NULL. Caller frees. */
char *vm_console_verdict(const char *log, size_t n);
