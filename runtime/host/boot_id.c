#include "host/boot_id.h"

#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

enum { ID_MAX = 256 };

int boot_id(char **id, struct err *e)
{
	auto_free char *text = NULL;

	if (file_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", ID_MAX, &text, NULL, e) < 0)
		return -1;
	text[strspn(text, "0123456789abcdefABCDEF-")] = '\0';
	*id = TAKE(text);
	return 0;
}

char *boot_id_or_none(void)
{
	struct err ignored;
	char *id;

	return boot_id(&id, &ignored) < 0 ? xstrdup("-") : id;
}
