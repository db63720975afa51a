/* boot_id.h: which boot of this machine it is, as the kernel calls it (/proc/sys/kernel/random/boot_id). */
#pragma once
struct err;

/* Hex digits and dashes, nothing else. Caller frees. */
int boot_id(char **id, struct err *e);
/* The same, and "-" where there is no /proc: all boots are one then. Caller frees. */
char *boot_id_or_none(void);
