/* metadata.json of a cache entry: upstream's twelve members in upstream's order, ours behind them. */
#include "kernel/cache/entry.h"

#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include <zlib.h>

enum need { OPTIONAL, REQUIRED };

/* The one list of members: reading, writing and freeing walk it in file order. */
static const struct member {
	const char *name;
	size_t offset;
	enum need need;
} members[] = {
	{ "version", offsetof(struct kernel_meta, version), OPTIONAL },
	{ "source", offsetof(struct kernel_meta, source), REQUIRED },
	{ "arch", offsetof(struct kernel_meta, arch), REQUIRED },
	{ "image_name", offsetof(struct kernel_meta, image_name), REQUIRED },
	{ "config_hash", offsetof(struct kernel_meta, config_hash), OPTIONAL },
	{ "built_at", offsetof(struct kernel_meta, built_at), REQUIRED },
	{ "ktstr_kconfig_hash", offsetof(struct kernel_meta, ktstr_kconfig_hash), OPTIONAL },
	{ "git_hash", offsetof(struct kernel_meta, git_hash), OPTIONAL },
	{ "git_ref", offsetof(struct kernel_meta, git_ref), OPTIONAL },
	{ "source_tree_path", offsetof(struct kernel_meta, source_tree_path), OPTIONAL },
	{ "vmlinux_name", offsetof(struct kernel_meta, vmlinux_name), OPTIONAL },
	{ "ktstr_git_hash", offsetof(struct kernel_meta, ktstr_git_hash), OPTIONAL },
	{ "release", offsetof(struct kernel_meta, release), OPTIONAL },
	{ "identity", offsetof(struct kernel_meta, identity), OPTIONAL },
	{ "extra_kconfig_hash", offsetof(struct kernel_meta, extra_kconfig_hash), OPTIONAL },
};

static const char *const sources[] = { "tarball", "git", "local", "import" };

static char **slot(struct kernel_meta *m, const struct member *d)
{
	return (char **)((char *)m + d->offset);
}

static int known_source(const char *source, struct err *e)
{
	for (size_t i = 0; i < countof(sources); i++)
		if (!strcmp(source, sources[i]))
			return 0;
	return err_set(e, X_FAIL, "source: \"%s\" is none of tarball, git, local, import", source);
}

/* Joined to the entry's folder by every reader, so it must not lead out of it. */
static int plain_name(const char *what, const char *name, struct err *e)
{
	if (!*name)
		return err_set(e, X_FAIL, "%s is empty", what);
	if (strpbrk(name, "/\\") || !strcmp(name, ".") || strstr(name, ".."))
		return err_set(e, X_FAIL, "%s \"%s\" is not a plain file name", what, name);
	return 0;
}

/* Everything here is printed in tables sooner or later; an escape sequence must not reach the terminal. */
static int printable(const char *text, struct err *e)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			return err_set(e, X_FAIL, "contains a control character");
	return 0;
}

static int read_members(struct kernel_meta *m, const struct json *j, struct err *e)
{
	for (size_t i = 0; i < countof(members); i++) {
		const struct member *d = &members[i];
		char **out = slot(m, d);
		int r = json_str(j, json_get(j, 0, d->name), out, e);

		if (r < 0 || (r == 0 && printable(*out, e) < 0))
			return err_in(e, "%s", d->name);
		if (r > 0 && d->need == REQUIRED)
			return err_set(e, X_FAIL, "%s is missing", d->name);
	}
	if (known_source(m->source, e) < 0 || plain_name("image_name", m->image_name, e) < 0)
		return -1;
	return m->vmlinux_name ? plain_name("vmlinux_name", m->vmlinux_name, e) : 0;
}

int kernel_meta_parse(struct kernel_meta *m, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	struct kernel_meta new = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	if (json_kind(&j, 0) != JSON_OBJECT)
		return err_set(e, X_FAIL, "is not a JSON object");
	if (read_members(&new, &j, e) < 0) {
		kernel_meta_free(&new);
		return -1;
	}
	*m = new;
	return 0;
}

void kernel_meta_write(struct jsonw *w, const struct kernel_meta *m)
{
	jsonw_obj(w);
	for (size_t i = 0; i < countof(members); i++)
		jsonw_kstr(w, members[i].name, *slot((struct kernel_meta *)m, &members[i]));
	jsonw_end_obj(w);
}

void kernel_meta_free(struct kernel_meta *m)
{
	for (size_t i = 0; i < countof(members); i++)
		free(*slot(m, &members[i]));
	*m = (struct kernel_meta){ 0 };
}

void crc_hex(const void *data, size_t n, char hex[9])
{
	snprintf(hex, 9, "%08lx", crc32_z(0, data, n) & 0xffffffffUL);
}
