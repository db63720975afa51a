/* arch.h: the processors a guest can have, and all in which they differ that is a word and not a computation. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct arch {
	const char *name;      /* uname -m, metadata.json: "x86_64" "aarch64" */
	uint16_t elf;          /* e_machine of its programs */
	const char *debian;    /* the distribution's name for it: "amd64" "arm64" */
	const char *triplet;   /* folder of its libraries, and with a dash the prefix of its binutils */
	const char *image;     /* boot image in an entry of the kernel cache: "bzImage" "Image" */
	const char *tree_path; /* where make leaves that below a build tree */
	const char *qemu;      /* program, and the package that has it on Debian */
	const char *qemu_package;
	const char *console; /* the kernel's name for the machine's serial port */
	const char *cmdline; /* words for its kernel only, each with a blank in front */
};

extern const struct arch arch_x86_64, arch_aarch64;

/* NULL when there is none. */
const struct arch *arch_at(unsigned i);
const struct arch *arch_by_name(const char *name);
const struct arch *arch_by_elf(uint16_t machine);
/* This machine's. Ends the program on one that is none of ours: nothing here would work. */
const struct arch *arch_host(void);
/* "" for this machine's, else "-aarch64": behind the names of files and folders that each architecture has one of. */
const char *arch_suffix(const struct arch *a);
