#include "gen/verb/verbs.h"
#include "base/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "kernel/cache/entry.h"
#include "store/store.h"
#include "vm/admit.h"

/* Guests of this size that the host takes side by side, by the same rule as vm/admit.h has for all of its processes. */
static int vm_slots(uint64_t guest_mb, unsigned guest_cpus, uint64_t *slots, struct err *e)
{
	struct admit_size room;

	if (admit_room(&room, e) < 0)
		return -1;
	uint64_t fit = room.cpus / (guest_cpus ? guest_cpus : 1);
	uint64_t held = guest_mb ? room.mb / (guest_mb + ADMIT_QEMU_MB) : fit;

	fit = held < fit ? held : fit;
	*slots = fit ? fit : 1;
	return 0;
}

int verb_plan(struct plan *p, const struct home *home, const char *rules, uint64_t guest_mb, unsigned guest_cpus,
	      struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	uint64_t slots;

	if (vm_slots(guest_mb, guest_cpus, &slots, e) < 0 || store_open(&st, NULL, e) < 0)
		return -1;
	auto_free char *step = shell_quote(home->step);
	auto_free char *source = shell_quote(home->source);
	auto_free char *store = shell_quote(st.path);
	auto_free char *file = xasprintf("%s/%s", home->rules, rules);

	plan_var(p, "launcher", "%s", "");
	plan_var(p, "step", "%s", step);
	plan_var(p, "source_step", "%s", source);
	plan_var(p, "store", "%s", store);
	plan_var(p, "vm_slots", "%llu", (unsigned long long)slots);
	if (guest_mb) {
		auto_free char *guest = xasprintf("%s/guest.ninja", home->rules);

		plan_include(p, guest);
	}
	plan_include(p, file);
	return 0;
}

int verb_kconfig_hash(const struct home *home, char *hex, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, home->fragment, 1 << 20, &text, &n, e) < 0)
		return -1;
	crc_hex(text, n, hex);
	return 0;
}

int verb_confirm(const char *question, struct err *e)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char answer[64] = "";
	char *word = answer;

	fputs(question, stderr);
	if (stop_poll(&p, 1, -1, e) < 0)
		return -1;
	ssize_t n = read(STDIN_FILENO, answer, sizeof(answer) - 1);

	answer[n > 0 ? n : 0] = '\0';
	word += strspn(word, " \t");
	word[strcspn(word, "\r\n")] = '\0';
	for (size_t len = strlen(word); len && strchr(" \t", word[len - 1]);)
		word[--len] = '\0';
	return !strcasecmp(word, "y") || !strcasecmp(word, "yes") ? VERB_YES : VERB_NO;
}

int verb_print_entry(const char *dir, struct err *e)
{
	auto_free char *key = NULL, *path = NULL;

	if (facts_file(dir, "entry", "key", &key, e) < 0 || facts_file(dir, "entry", "dir", &path, e) < 0)
		return -1;
	log_info("%s✓ Kernel cached: %s%s", log_sgr(stderr, "32"), key, log_sgr(stderr, "0"));
	log_info("  in %s", path);
	puts(key);
	return 0;
}
