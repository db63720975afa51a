#include "kernel/id.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernel/entry.h"
#include "kernel/kver.h"
#include "kernel/locate.h"
#include "kernel/near.h"
#include <ctype.h>
#include <sys/utsname.h>

enum kernel_id_kind kernel_id_kind(const char *id)
{
	struct kver v;

	if (strchr(id, '/') || *id == '.' || *id == '~')
		return KID_PATH;
	return kver_parse(&v, id) ? KID_VERSION : KID_KEY;
}

void kernel_free(struct kernel *k)
{
	free(k->name);
	free(k->label);
	free(k->image);
	free(k->vmlinux);
	free(k->config);
	*k = (struct kernel){ 0 };
}

static bool bootable_here(const struct kernel_entry *k, const struct utsname *host)
{
	return !k->corrupt && !strcmp(k->meta.arch, host->machine);
}

/* Built trees have no version in their metadata, by upstream's rules; their release tells it. */
static bool entry_version(const struct kernel_entry *k, struct kver *v)
{
	char prefix[32];

	if (k->meta.version)
		return kver_parse(v, k->meta.version);
	if (!k->meta.release)
		return false;
	kver_prefix(k->meta.release, prefix, sizeof(prefix));
	return kver_parse(v, prefix);
}

static bool version_fits(const struct kver *want, const struct kver *have)
{
	if (want->parts == 2 && !want->rc)
		return want->major == have->major && want->minor == have->minor && !have->rc;
	return kver_cmp(want, have) == 0;
}

/* The list is newest first, so the first of equal versions is the one built last. */
static const struct kernel_entry *by_version(const struct kernel_list *l, const char *id, const struct utsname *host)
{
	const struct kernel_entry *best = NULL;
	struct kver want, have, top = { 0 };

	if (!kver_parse(&want, id))
		return NULL;
	for (size_t i = 0; i < l->n; i++) {
		if (!bootable_here(&l->v[i], host) || !entry_version(&l->v[i], &have) || !version_fits(&want, &have))
			continue;
		if (best && kver_cmp(&have, &top) <= 0)
			continue;
		best = &l->v[i];
		top = have;
	}
	return best;
}

static const struct kernel_entry *by_key(const struct kernel_list *l, const char *id)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].key, id))
			return &l->v[i];
	return NULL;
}

static const struct kernel_entry *by_release(const struct kernel_list *l, const char *id, const struct utsname *host)
{
	for (size_t i = 0; i < l->n; i++)
		if (bootable_here(&l->v[i], host) && l->v[i].meta.release && !strcmp(l->v[i].meta.release, id))
			return &l->v[i];
	return NULL;
}

static int ambiguous(const struct kernel_list *l, const char *id, struct err *e)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	for (size_t i = 0; i < l->n; i++)
		if (!l->v[i].corrupt && !strncmp(l->v[i].key, id, strlen(id)))
			fprintf(f, "%s%s", ftell(f) ? ", " : "", l->v[i].key);
	fclose(f);
	return err_set(e, X_NO_KERNEL, "\"%s\" is the beginning of several kernels: %s", id, text);
}

/* The beginning of a key. Versions are exempt: who asks for 6.12.1 does not want 6.12.117. */
static int by_prefix(const struct kernel_list *l, const char *id, const struct kernel_entry **found, struct err *e)
{
	size_t hits = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].corrupt || strncmp(l->v[i].key, id, strlen(id)) != 0)
			continue;
		*found = &l->v[i];
		hits++;
	}
	return hits > 1 ? ambiguous(l, id, e) : 0;
}

static int find(const struct kernel_list *l, const char *id, const struct kernel_entry **found, struct err *e)
{
	struct utsname host;

	if (!l->v)
		return 0;
	uname(&host);
	*found = by_version(l, id, &host);
	if (!*found)
		*found = by_key(l, id);
	if (!*found)
		*found = by_release(l, id, &host);
	if (!*found && kernel_id_kind(id) == KID_KEY)
		return by_prefix(l, id, found, e);
	return 0;
}

static int nothing_there(const struct kernel_list *l, struct err *e)
{
	return err_set(e, X_NO_KERNEL,
		       "there is no kernel in %s yet; import one (cargo ktstr kernel import FILE…) or build "
		       "one (cargo ktstr kernel build --source DIR)",
		       l->root);
}

static int damaged(const struct kernel_entry *k, struct err *e)
{
	return err_set(e, X_NO_KERNEL, "kernel entry %s is damaged: %s; import or build it again", k->key, k->corrupt);
}

static int no_match(const struct kernel_list *l, const char *id, struct err *e)
{
	/* A damaged entry has no version any more, but its key still begins with it. */
	for (size_t i = 0; i < l->n; i++) {
		if (*id && l->v[i].corrupt && !strncmp(l->v[i].key, id, strlen(id)))
			return damaged(&l->v[i], e);
	}
	auto_free char *near = near_matches(l, id);

	if (!l->n) {
		nothing_there(l, e);
		return err_in(e, "kernel \"%s\"", id);
	}
	if (near)
		return err_set(e, X_NO_KERNEL, "no kernel \"%s\"; near: %s (all: cargo ktstr kernel list)", id, near);
	return err_set(e, X_NO_KERNEL, "no kernel \"%s\" in %s (all: cargo ktstr kernel list)", id, l->root);
}

static int from_cache(struct kernel *k, const char *id, const char *kconfig_hash, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	const struct kernel_entry *found = NULL;

	if (kernel_list(&l, kconfig_hash, e) < 0 || find(&l, id, &found, e) < 0)
		return -1;
	if (found && found->corrupt)
		return damaged(found, e);
	if (found) {
		kernel_from_entry(k, found);
		return 0;
	}
	return file_exists(id) ? kernel_locate(k, id, e) : no_match(&l, id, e);
}

static int newest(struct kernel *k, const char *kconfig_hash, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	struct utsname host;

	uname(&host);
	if (kernel_list(&l, kconfig_hash, e) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		if (!bootable_here(&l.v[i], &host) || l.v[i].stale_kconfig)
			continue;
		kernel_from_entry(k, &l.v[i]);
		return 0;
	}
	if (!l.n)
		return nothing_there(&l, e);
	return err_set(e, X_NO_KERNEL,
		       "no kernel in %s is current: all are damaged, for another machine, or built with another "
		       "ktstr.kconfig; name one with --kernel, or build again",
		       l.root);
}

static int resolve(struct kernel *k, const char *id, const char *kconfig_hash, struct err *e)
{
	return kernel_id_kind(id) == KID_PATH ? kernel_locate(k, id, e) : from_cache(k, id, kconfig_hash, e);
}

/* $KTSTR_KERNEL without the blanks around it; NULL when that leaves nothing. */
static char *from_environment(void)
{
	const char *p = getenv("KTSTR_KERNEL");
	size_t n;

	if (!p)
		return NULL;
	while (isspace((unsigned char)*p))
		p++;
	for (n = strlen(p); n && isspace((unsigned char)p[n - 1]); n--)
		;
	return n ? xstrndup(p, n) : NULL;
}

int kernel_resolve(struct kernel *k, const char *id, const char *kconfig_hash, struct err *e)
{
	auto_free char *env = NULL;

	if (id && *id)
		return resolve(k, id, kconfig_hash, e);
	if (!(env = from_environment()))
		return newest(k, kconfig_hash, e);
	return resolve(k, env, kconfig_hash, e) < 0 ? err_in(e, "KTSTR_KERNEL") : 0;
}
