/* metadata.json of a cache entry: upstream's twelve members in upstream's order, ours behind them. Later versions of upstream
 * have an object as "source", with what belongs to it inside, and say "has_vmlinux" instead of a name. */
#include "kernel/cache/entry.h"

#include "arch/arch.h"
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
	{ "kconfig_hash", offsetof(struct kernel_meta, kconfig_hash), OPTIONAL },
	{ "origin", offsetof(struct kernel_meta, origin), OPTIONAL },
	{ "toolchain", offsetof(struct kernel_meta, toolchain), OPTIONAL },
};

/* Members of an object "source", and where ours has them. */
static const struct member source_members[] = {
	{ "type", offsetof(struct kernel_meta, source), REQUIRED },
	{ "git_hash", offsetof(struct kernel_meta, git_hash), OPTIONAL },
	{ "ref", offsetof(struct kernel_meta, git_ref), OPTIONAL },
	{ "source_tree_path", offsetof(struct kernel_meta, source_tree_path), OPTIONAL },
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

static int read_member(struct kernel_meta *m, const struct json *j, int obj, const struct member *d, struct err *e)
{
	char **out = slot(m, d);
	int r = json_str(j, json_get(j, obj, d->name), out, e);

	if (r < 0 || (r == 0 && printable(*out, e) < 0))
		return err_in(e, "%s", d->name);
	return r > 0 && d->need == REQUIRED ? err_set(e, X_FAIL, "%s is missing", d->name) : 0;
}

/* With has_vmlinux it has its usual name. */
static int read_foreign(struct kernel_meta *m, const struct json *j, int source, struct err *e)
{
	bool has_vmlinux = false;

	for (size_t i = 0; i < countof(source_members); i++)
		if (read_member(m, j, source, &source_members[i], e) < 0)
			return err_in(e, "source");
	if (json_bool(j, json_get(j, 0, "has_vmlinux"), &has_vmlinux, e) < 0)
		return err_in(e, "has_vmlinux");
	if (has_vmlinux && !m->vmlinux_name)
		m->vmlinux_name = xstrdup("vmlinux");
	return 0;
}

/* What stands in the file only. */
static int read_ours(struct kernel_meta *m, struct err *e)
{
	if (m->kconfig_hash) {
		free(m->ktstr_kconfig_hash);
		m->ktstr_kconfig_hash = TAKE(m->kconfig_hash);
	}
	if (m->origin) {
		free(m->source);
		m->source = TAKE(m->origin);
	}
	return known_source(m->source, e);
}

static int read_members(struct kernel_meta *m, const struct json *j, struct err *e)
{
	int source = json_get(j, 0, "source");
	bool object = source >= 0 && json_kind(j, source) == JSON_OBJECT;

	for (size_t i = 0; i < countof(members); i++) {
		bool inside = object && members[i].offset == offsetof(struct kernel_meta, source);

		if (!inside && read_member(m, j, 0, &members[i], e) < 0)
			return -1;
	}
	if ((object ? read_foreign(m, j, source, e) : read_ours(m, e)) < 0 ||
	    plain_name("image_name", m->image_name, e) < 0)
		return -1;
	return m->vmlinux_name ? plain_name("vmlinux_name", m->vmlinux_name, e) : 0;
}

/* Whose source is a word that we know may be damaged; nobody but its writer can tell that of another one. */
static bool is_foreign(const struct json *j)
{
	auto_free char *source = NULL;
	struct err ignored;

	return json_str(j, json_get(j, 0, "source"), &source, &ignored) != 0 || known_source(source, &ignored) < 0;
}

int kernel_meta_parse(struct kernel_meta *m, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	struct kernel_meta new = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	if (json_kind(&j, 0) != JSON_OBJECT)
		return err_set(e, X_FAIL, "is not a JSON object");
	m->foreign = new.foreign = is_foreign(&j);
	if (read_members(&new, &j, e) < 0) {
		kernel_meta_free(&new);
		return -1;
	}
	*m = new;
	return 0;
}

/* Whether programs that use the newest kernel they find may take it: as ours would, when none is named. */
static bool open_to_all(const struct kernel_meta *m)
{
	return !m->extra_kconfig_hash && !strcmp(m->arch, arch_host()->name);
}

void kernel_meta_write(struct jsonw *w, const struct kernel_meta *m)
{
	struct kernel_meta there = *m; /* borrowed strings */

	if (open_to_all(m)) {
		there.kconfig_hash = m->ktstr_kconfig_hash;
		there.ktstr_kconfig_hash = NULL;
	}
	if (!strcmp(m->source, "import")) {
		there.origin = m->source;
		there.source = (char *)"local";
	}
	jsonw_obj(w);
	for (size_t i = 0; i < countof(members); i++)
		jsonw_kstr(w, members[i].name, *slot(&there, &members[i]));
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
