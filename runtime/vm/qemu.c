#include "vm/qemu.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/spawn.h"
#include "base/tool.h"

enum { ANSWER_MAX = 1 << 20, ANSWER_MS = 30 * 1000 };

const char *qemu_program(const struct arch *arch)
{
	static const char other[] = "/usr/libexec/qemu-kvm";
	auto_free char *found = spawn_find(arch->qemu);

	return found || arch != arch_host() || access(other, X_OK) < 0 ? arch->qemu : other;
}

static int lacking(const struct arch *arch, struct err *e)
{
	return err_as(e, e->code == X_NO_TOOL ? X_NO_QEMU : e->code, "QEMU is needed (on Debian: apt-get install %s)",
		      arch->qemu_package);
}

char *qemu_version(const struct arch *arch, struct err *e)
{
	const char *const argv[] = { qemu_program(arch), "--version", NULL };
	char *line = tool_line(argv, e);

	if (!line)
		lacking(arch, e);
	return line;
}

bool qemu_since(const char *version, unsigned major, unsigned minor)
{
	unsigned a, b;

	return sscanf(version, "QEMU emulator version %u.%u", &a, &b) == 2 && (a > major || (a == major && b >= minor));
}

/* What it prints and ends well; NULL when it ends otherwise, or does not run, which *e says. */
static char *answer(const struct arch *arch, const char *option, const char *value, int *status, struct err *e)
{
	const char *const argv[] = { qemu_program(arch), option, value, NULL };
	const struct spawn s = { .argv = argv, .in = SPAWN_NULL, .err = SPAWN_NULL };
	char *text = NULL;

	return spawn_capture(&s, false, ANSWER_MAX, ANSWER_MS, &text, NULL, status, e) < 0 ? NULL : text;
}

char *qemu_asked(const struct arch *arch, struct err *e)
{
	/* Of a machine it does not know it says which ones it does, or fails. */
	static const char unknown[] = "Supported machines";
	int machine = 0, folders = 0;
	auto_free char *help = answer(arch, "-machine", "microvm,help", &machine, e);
	auto_free char *dirs = help ? answer(arch, "-L", "help", &folders, e) : NULL;

	if (!dirs) {
		lacking(arch, e);
		return NULL;
	}
	bool microvm = !machine && strncmp(help, unknown, strlen(unknown)) != 0;
	const char *colon = "";
	char *line, *save;
	size_t n;
	FILE *f = xmemstream(&line, &n);

	fputs(microvm ? "microvm " : "- ", f);
	for (char *dir = folders ? NULL : strtok_r(dirs, "\n", &save); dir; dir = strtok_r(NULL, "\n", &save)) {
		if (*dir != '/')
			continue;
		fprintf(f, "%s%s", colon, dir);
		colon = ":";
	}
	fclose(f);
	return line;
}

static bool in_one_of(const char *dirs, const char *name)
{
	for (; *dirs; dirs += *dirs == ':') {
		size_t n = strcspn(dirs, ":");
		auto_free char *path = xasprintf("%.*s/%s", (int)n, dirs, name);

		if (file_exists(path))
			return true;
		dirs += n;
	}
	return false;
}

void qemu_parts(struct qemu_parts *p, const char *asked)
{
	const char *dirs = asked + strcspn(asked, " ");

	dirs += *dirs == ' ';
	/* One that does not tell its folders is taken at its word when it is started. */
	*p = (struct qemu_parts){
		.microvm = !strncmp(asked, "microvm ", 8),
		.qboot = !*dirs || in_one_of(dirs, "qboot.rom"),
		.pvh = !*dirs || in_one_of(dirs, "pvh.bin"),
	};
}
