#include "arch/arch.h"

#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* reboot=t: a reset by triple fault. no_timer_check: that check waits for ten ticks. */
const struct arch arch_x86_64 = {
	.name = "x86_64",
	.elf = EM_X86_64,
	.debian = "amd64",
	.triplet = "x86_64-linux-gnu",
	.image = "bzImage",
	.tree_path = "arch/x86/boot/bzImage",
	.qemu = "qemu-system-x86_64",
	.qemu_package = "qemu-system-x86",
	.console = "ttyS0",
	.cmdline = " reboot=t no_timer_check",
};

const struct arch arch_aarch64 = {
	.name = "aarch64",
	.elf = EM_AARCH64,
	.debian = "arm64",
	.triplet = "aarch64-linux-gnu",
	.image = "Image",
	.tree_path = "arch/arm64/boot/Image",
	.qemu = "qemu-system-aarch64",
	.qemu_package = "qemu-system-arm",
	.console = "ttyAMA0",
	.cmdline = "",
};

static const struct arch *const all[] = { &arch_x86_64, &arch_aarch64 };

const struct arch *arch_at(unsigned i)
{
	return i < sizeof(all) / sizeof(*all) ? all[i] : NULL;
}

const struct arch *arch_by_name(const char *name)
{
	const struct arch *a;

	for (unsigned i = 0; (a = arch_at(i)); i++)
		if (!strcmp(a->name, name))
			return a;
	return NULL;
}

const struct arch *arch_by_elf(uint16_t machine)
{
	const struct arch *a;

	for (unsigned i = 0; (a = arch_at(i)); i++)
		if (a->elf == machine)
			return a;
	return NULL;
}

const struct arch *arch_host(void)
{
	static const struct arch *host;
	struct utsname u;

	if (host)
		return host;
	uname(&u);
	host = arch_by_name(u.machine);
	if (!host) {
		fprintf(stderr, "error: ktstr does not know this machine's processor, %s\n", u.machine);
		exit(1);
	}
	return host;
}

static const char suffixes[][16] = { "-x86_64", "-aarch64" };

const char *arch_suffix(const struct arch *a)
{
	return a == arch_host() ? "" : suffixes[a == &arch_aarch64];
}
