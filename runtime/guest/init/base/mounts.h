/* mounts.h: file systems of the guest, and small files in them. */
#pragma once
#include <stddef.h>

void mounts_first(void); /* /proc /sys /dev, and a console to speak on */
void mounts_rest(void);
/* First n bytes of a small file, NUL-ended, trailing newline cut; negative when it cannot be read. */
int slurp(const char *path, char *buf, size_t n);
int spit(const char *path, const char *text);
/* MSG_CONSOLE: which kernel messages the console shows. */
void console_level(const void *data, size_t n);
