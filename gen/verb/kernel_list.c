/* kernel list: what is in the kernel cache, for people and for scripts. */
#include "base/err.h"
#include "json/write.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/amount.h"
#include "gen/base/home.h"
#include "gen/verb/entries.h"
#include "gen/verb/verbs.h"
#include "kernel/cache/entry.h"
#include "text/kver.h"
#include "kernel/cache/usage.h"

static struct {
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print JSON with all metadata" },
	{ 0 },
};

static void json_corrupt(struct jsonw *w, const struct kernel_entry *k)
{
	jsonw_obj(w);
	jsonw_kstr(w, "error", k->foreign ? "foreign metadata" : "corrupt metadata");
	jsonw_kstr(w, "key", k->key);
	jsonw_kstr(w, "path", k->dir);
	jsonw_kstr(w, "reason", k->corrupt);
	jsonw_end_obj(w);
}

static void json_entry(struct jsonw *w, const struct kernel_entry *k)
{
	const struct kernel_meta *m = &k->meta;
	struct kernel_usage u = kernel_usage(k->dir);
	auto_free char *image = xasprintf("%s/%s", k->dir, m->image_name);
	auto_free char *used = time_text(u.used);

	jsonw_obj(w);
	jsonw_kstr(w, "arch", m->arch);
	jsonw_kstr(w, "built_at", m->built_at);
	jsonw_kstr(w, "config_hash", m->config_hash);
	jsonw_kstr(w, "extra_kconfig_hash", m->extra_kconfig_hash);
	if (k->foreign)
		jsonw_kbool(w, "foreign", true);
	jsonw_kstr(w, "git_hash", m->git_hash);
	jsonw_kstr(w, "git_ref", m->git_ref);
	jsonw_kstr(w, "identity", m->identity);
	jsonw_kstr(w, "image_name", m->image_name);
	jsonw_kstr(w, "image_path", image);
	jsonw_kstr(w, "key", k->key);
	jsonw_kstr(w, "ktstr_git_hash", m->ktstr_git_hash);
	jsonw_kstr(w, "ktstr_kconfig_hash", m->ktstr_kconfig_hash);
	jsonw_kstr(w, "last_used", used);
	jsonw_kstr(w, "path", k->dir);
	jsonw_kstr(w, "release", m->release);
	jsonw_ku64(w, "size_bytes", u.bytes);
	jsonw_kstr(w, "source", m->source);
	jsonw_kstr(w, "source_tree_path", m->source_tree_path);
	jsonw_kbool(w, "stale_kconfig", k->stale_kconfig);
	jsonw_kbool(w, "stale_ktstr", k->stale_ktstr);
	jsonw_kstr(w, "toolchain", m->toolchain);
	jsonw_kstr(w, "version", m->version);
	jsonw_kstr(w, "vmlinux_name", m->vmlinux_name);
	jsonw_end_obj(w);
}

/* hash NULL: it could not be found out; why NULL: all went well. */
static void list_json(const struct kernel_list *l, const char *hash, const char *why)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_kstr(&w, "current_ktstr_git_hash", NULL);
	jsonw_kstr(&w, "current_ktstr_kconfig_hash", hash);
	jsonw_karr(&w, "entries");
	for (size_t i = 0; i < l->n; i++)
		(l->v[i].corrupt ? json_corrupt : json_entry)(&w, &l->v[i]);
	jsonw_end_arr(&w);
	if (why)
		jsonw_kstr(&w, "error", why);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static void list_text(const struct kernel_list *l)
{
	bool stale_kconfig = false, stale_ktstr = false;

	log_info("cache: %s", l->root);
	if (!l->n) {
		puts("no cached kernels. Run `kernel build` to build one or `kernel import` to import one.");
		return;
	}
	/* What is built again may have another key than what was there. */
	static const char rebuild[] =
		"Rebuild with: kernel build VERSION, kernel build --source DIR or kernel build --git URL "
		"--ref REF; kernel clean --stale removes what is still marked then";
	auto_free const struct kernel_entry **v = xcalloc(l->n, sizeof(*v));

	for (size_t i = 0; i < l->n; i++) {
		v[i] = &l->v[i];
		stale_kconfig |= v[i]->stale_kconfig;
		stale_ktstr |= v[i]->stale_ktstr;
	}
	entries_print(stdout, v, l->n, true);
	fflush(stdout);
	if (stale_kconfig)
		log_warn("entries marked (stale kconfig) were built with a different ktstr.kconfig. %s", rebuild);
	if (stale_ktstr)
		log_warn("entries marked (stale ktstr) were built with a different ktstr version. %s", rebuild);
}

static int list_run(int n, const char *const *args, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_home struct home home = { 0 };
	char hash[9] = "";

	(void)n;
	(void)args;
	if (home_find(&home, e) < 0 || home_kconfig_hash(&home, hash, e) < 0 || kernel_list(&l, hash, e) < 0) {
		if (o.json)
			list_json(&l, *hash ? hash : NULL, e->msg);
		return e->code;
	}
	if (o.json)
		list_json(&l, hash, NULL);
	else
		list_text(&l);
	return X_SUCCESS;
}

const struct verb verb_kernel_list = {
	.name = "list",
	.args = "",
	.summary = "list the kernels in the cache, newest first",
	.examples = "  cargo ktstr kernel list\n  cargo ktstr kernel list --json\n",
	.opts = opts,
	.run = list_run,
};
