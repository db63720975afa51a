/* qemu.h: the QEMU that is here: which program, its version, and those of its parts that distributions leave out. Its command
 * line (machine.h) is made beside that. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
struct arch;
struct err;

/* "qemu-system-x86_64"; where there is none, Red Hat's /usr/libexec/qemu-kvm, if it is for that architecture. Static. */
const char *qemu_program(const struct arch *arch);
/* The first line of its --version; the caller's. X_NO_QEMU with Debian's package. */
char *qemu_version(const struct arch *arch, struct err *e);
/* "QEMU emulator version 8.2.1": whether that is major.minor or later. What is no such text is taken for an old one. */
bool qemu_since(const char *version, unsigned major, unsigned minor);

struct qemu_parts {
	bool microvm; /* the machine; else one LLC is a q35 as well */
	bool qboot;   /* qboot.rom; else SeaBIOS starts the kernel */
	bool pvh;     /* pvh.bin, without which no kernel is loaded */
};
/* What two questions to QEMU tell of itself, as a line worth remembering: "microvm /usr/share/qemu:/usr/share/seabios", "-" for
 * a machine that is not there. The caller's. x86_64 only. */
char *qemu_asked(const struct arch *arch, struct err *e);
/* The i-th file of firmware that a guest of x86_64 may run, as the QEMU that told that line finds it; distributions exchange
 * them without QEMU. false: there are no more. *path is NULL where it is not there, else the caller's. */
bool qemu_firmware(size_t i, const char *asked, const char **name, char **path);
/* tool_facts() of the program, and file_facts() of the firmware in the usual folders beside it and below /usr. Caller frees. */
char *qemu_facts(const struct arch *arch);
/* Which of the devices, machines and accelerators that every guest needs this program does not list: "device virtserialport, machine
 * q35"; "" when it has all. The caller's; NULL when it cannot be asked. For doctor: a start of it fails with the same words. */
char *qemu_lacks(const struct arch *arch, struct err *e);
/* ktstr-idle.so, which every QEMU whose time is virtual is started with (idle/idle.c): beside the program that runs. Caller frees. */
char *qemu_idle(struct err *e);
/* Whether the QEMU that runs as pid has it: one that is linked statically has not. */
bool qemu_has_idle(pid_t pid);
/* From that line, and the files that are in those folders now. */
void qemu_parts(struct qemu_parts *p, const char *asked);
