#include "store/boot.h"

#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"

enum { ID_MAX = 256 };

static char *note_of(const char *name)
{
	return xasprintf("hashes/boot-%s", name);
}

/* Without /proc all boots are one. */
static char *this_boot(void)
{
	struct err ignored;
	char *id;

	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", ID_MAX, &id, NULL, &ignored) < 0)
		return xstrdup("\n");
	return id;
}

int boot_note(const struct store *st, const char *name, struct err *e)
{
	auto_free char *note = note_of(name);
	auto_free char *id = this_boot();

	if (mkdir_p(st->dir, "hashes", 0777, e) < 0)
		return -1;
	return file_write(st->dir, note, id, strlen(id), e) < 0 ? -1 : 0;
}

bool boot_is_ours(const struct store *st, const char *name)
{
	auto_free char *note = note_of(name);
	auto_free char *id = this_boot();
	auto_free char *noted = NULL;
	struct err ignored;

	return file_read(st->dir, note, ID_MAX, &noted, NULL, &ignored) == 0 && !strcmp(noted, id);
}

void boot_forget(const struct store *st, const char *name)
{
	auto_free char *note = note_of(name);

	unlinkat(st->dir, note, 0);
}
