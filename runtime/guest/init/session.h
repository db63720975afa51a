/* session.h: a shell or a command the user works with. */
#pragma once
#include <stddef.h>

void session_run(const void *data, size_t n);
void session_input(const void *data, size_t n);
void session_window(const void *data, size_t n);
void session_deaf(const void *data, size_t n);
void session_resume(void);
void session_reaped(int pid, int status);
