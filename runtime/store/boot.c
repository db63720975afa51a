#include "store/boot.h"

#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "host/boot_id.h"
#include "store/store.h"

enum { ID_MAX = 256 };

static char *note_of(const char *name)
{
	return xasprintf("hashes/boot-%s", name);
}

int boot_note(const struct store *st, const char *name, struct err *e)
{
	auto_free char *note = note_of(name);
	auto_free char *id = boot_id_or_none();

	if (mkdir_p(st->dir, "hashes", 0777, e) < 0)
		return -1;
	return file_write(st->dir, note, id, strlen(id), e) < 0 ? -1 : 0;
}

bool boot_is_ours(const struct store *st, const char *name)
{
	auto_free char *note = note_of(name);
	auto_free char *id = boot_id_or_none();
	auto_free char *noted = NULL;
	struct err ignored;

	return file_read(st->dir, note, ID_MAX, &noted, NULL, &ignored) == 0 && !strcmp(noted, id);
}

void boot_forget(const struct store *st, const char *name)
{
	auto_free char *note = note_of(name);

	unlinkat(st->dir, note, 0);
}
