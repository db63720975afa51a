// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_ktstr.c: loads the scheduler of scx_ktstr.bpf.c, keeps it attached, and says why it ended.
 *
 * The shape of every libbpf loader: open the program that is embedded in this file's skeleton,
 * set its constants, load it (here the kernel's verifier has its say), attach it, wait. The
 * scheduler is attached exactly as long as this process holds its link.
 *
 * Exit codes: 0 asked to leave, 1 not loaded or not attached, 2 wrong usage, 3 thrown out.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "scx_ktstr.h"
#include "scx_ktstr.skel.h"

/* A harness asks for these by creating the file, without knowing our process. */
#define STALL_FILE "/tmp/ktstr_stall"
#define DEGRADE_FILE "/tmp/ktstr_degrade"

/* How often the files and the clock are looked at, and how soon the end is noticed. */
#define POLL_NS 250000000L

#define NEVER (-1L)
#define NOBODY 65534

#define countof(a) (sizeof(a) / sizeof((a)[0]))

struct options {
	bool llc_aware;
	bool steal;
	bool slice_short;
	bool weighted;
	bool degrade;
	bool slow;
	bool scattershot;
	bool fail_verify;
	bool verify_loop;
	bool verify_limit;
	bool unprivileged;
	bool patient;
	bool late_drop;
	bool twice;
	bool hungry;
	long stall_after; /* seconds, or NEVER */
	long degrade_after;
};

/*
 * The arguments. One with a flag name is also part of what --ktstr-list-flags prints: a harness
 * runs the scheduler with every combination of them that "needs" allows.
 */
static const struct argument {
	const char *text;
	size_t member; /* of struct options */
	bool seconds;
	const char *flag;
	const char *needs; /* the flag without which this one does nothing */
	const char *help;
} arguments[] = {
	{ "--llc-aware", offsetof(struct options, llc_aware), false, "llc", NULL, "one queue per last-level cache" },
	{ "--steal", offsetof(struct options, steal), false, "steal", "llc",
	  "look into other caches' queues before going idle" },
	{ "--slice-short", offsetof(struct options, slice_short), false, "slice-short", NULL,
	  "shorter turns when the queue is long" },
	{ "--weighted", offsetof(struct options, weighted), false, "weighted", NULL,
	  "turns in proportion to the task's weight" },
	{ "--stall-after", offsetof(struct options, stall_after), true, NULL, NULL,
	  "stop running queued tasks after N seconds, or when " STALL_FILE " appears" },
	{ "--degrade-after", offsetof(struct options, degrade_after), true, NULL, NULL,
	  "degrade after N seconds, or when " DEGRADE_FILE " appears" },
	{ "--degrade", offsetof(struct options, degrade), false, NULL, NULL,
	  "tasks go to random CPUs, every second dispatch is skipped" },
	{ "--slow", offsetof(struct options, slow), false, NULL, NULL, "three of four dispatches are skipped" },
	{ "--scattershot", offsetof(struct options, scattershot), false, NULL, NULL, "tasks go to random CPUs" },
	{ "--fail-verify", offsetof(struct options, fail_verify), false, NULL, NULL,
	  "load code the verifier refuses: a pointer used unchecked" },
	{ "--verify-loop", offsetof(struct options, verify_loop), false, NULL, NULL,
	  "load code the verifier refuses: an endless loop" },
	{ "--verify-limit", offsetof(struct options, verify_limit), false, NULL, NULL,
	  "load code the verifier refuses: more than a million instructions" },
	{ "--unprivileged", offsetof(struct options, unprivileged), false, NULL, NULL, "load without the right to" },
	{ "--patient", offsetof(struct options, patient), false, NULL, NULL,
	  "attach with a timeout that the kernel refuses: 60 seconds" },
	{ "--late-drop", offsetof(struct options, late_drop), false, NULL, NULL,
	  "give up all rights between loading and attaching" },
	{ "--twice", offsetof(struct options, twice), false, NULL, NULL,
	  "attach a second one beside the first, for which there is no room" },
	{ "--hungry", offsetof(struct options, hungry), false, NULL, NULL, "ask for a map of a terabyte" },
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	va_list args;

	printf("scx_ktstr: ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void list_flags(void)
{
	const char *comma = "";

	putchar('[');
	for (size_t i = 0; i < countof(arguments); i++) {
		const struct argument *a = &arguments[i];

		if (!a->flag)
			continue;
		printf("%s{\"name\":\"%s\",\"args\":[\"%s\"],\"requires\":[", comma, a->flag, a->text);
		if (a->needs)
			printf("\"%s\"", a->needs);
		printf("]}");
		comma = ",";
	}
	puts("]");
}

static void usage(void)
{
	puts("usage: scx_ktstr [ARGUMENT…]      runs until SIGINT or SIGTERM\n");
	for (size_t i = 0; i < countof(arguments); i++)
		printf("  %s%-*s %s\n", arguments[i].text, (int)(20 - strlen(arguments[i].text)),
		       arguments[i].seconds ? " N" : "", arguments[i].help);
	puts("  --ktstr-list-flags   print the flags a test harness may combine, as JSON\n"
	     "\nUnknown arguments are ignored.");
}

/* NULL: arg is not this argument. "": it is; else the text after its "=". */
static const char *match(const struct argument *a, const char *arg)
{
	size_t n = strlen(a->text);

	if (strncmp(arg, a->text, n))
		return NULL;
	if (!arg[n])
		return "";
	return a->seconds && arg[n] == '=' ? arg + n + 1 : NULL;
}

static bool parse_seconds(const char *text, long *seconds)
{
	char *end;

	if (!text)
		return false;
	errno = 0;
	*seconds = strtol(text, &end, 10);
	return end != text && !*end && !errno && *seconds >= 0;
}

/* The number is either behind the "=" or the next argument; *i is moved past what was used. */
static bool take(const struct argument *a, const char *value, char **argv, int *i, void *member)
{
	if (!a->seconds) {
		*(bool *)member = true;
		return true;
	}
	if (!*value)
		value = argv[++*i];
	if (parse_seconds(value, member))
		return true;
	fprintf(stderr, "scx_ktstr: %s wants a number of seconds\n", a->text);
	return false;
}

static bool parse(int argc, char **argv, struct options *o)
{
	for (int i = 1; i < argc; i++) {
		for (size_t k = 0; k < countof(arguments); k++) {
			const struct argument *a = &arguments[k];
			const char *value = match(a, argv[i]);

			if (!value)
				continue;
			if (!take(a, value, argv, &i, (char *)o + a->member))
				return false;
			break;
		}
	}
	if (o->steal && !o->llc_aware) {
		fprintf(stderr, "scx_ktstr: --steal needs --llc-aware\n");
		return false;
	}
	return true;
}

/* First number of a one-line file in /sys, or -1. */
static int read_number(const char *format, int cpu, int index)
{
	char path[128]; /* the formats below with two numbers */
	int number = -1;
	FILE *f;

	snprintf(path, sizeof(path), format, cpu, index);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%d", &number) != 1)
		number = -1;
	fclose(f);
	return number;
}

/* A last-level cache is named by the first CPU that shares it; -1: unknown (CPU is offline). */
static int llc_name(int cpu)
{
	int best = 0, name = -1;

	for (int index = 0;; index++) {
		int level = read_number("/sys/devices/system/cpu/cpu%d/cache/index%d/level", cpu, index);

		if (level < 0)
			return name;
		if (level <= best)
			continue;
		best = level;
		name = read_number("/sys/devices/system/cpu/cpu%d/cache/index%d/shared_cpu_list", cpu, index);
	}
}

/* Numbers the caches from 0 in the order of their first CPUs. Without any, all CPUs share one. */
static void set_topology(struct scx_ktstr__rodata *rodata, int nr_cpus)
{
	int names[KTSTR_MAX_LLCS];
	unsigned int n = 0;

	for (int cpu = 0; cpu < nr_cpus; cpu++) {
		int name = llc_name(cpu);
		unsigned int llc = 0;

		while (llc < n && names[llc] != name)
			llc++;
		if (name < 0 || llc == KTSTR_MAX_LLCS)
			llc = 0;
		else if (llc == n)
			names[n++] = name;
		rodata->cpu_llc[cpu] = llc;
	}
	rodata->nr_cpus = nr_cpus;
	rodata->nr_llcs = n ? n : 1;
}

/* The callback table is as in scx_ktstr.bpf.c until it is loaded; its type is known there only. */
static void be_patient(struct scx_ktstr *skel)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(skel->obj, "ktstr_ops");
	size_t size = 0;
	char *value = ops ? bpf_map__initial_value(ops, &size) : NULL;
	unsigned int usual = KTSTR_TIMEOUT_MS, longer = 60000;

	for (size_t at = 0; value && at + sizeof(usual) <= size; at += sizeof(usual))
		if (!memcmp(value + at, &usual, sizeof(usual)))
			memcpy(value + at, &longer, sizeof(longer));
}

static struct scx_ktstr *load(const struct options *o)
{
	int nr_cpus = libbpf_num_possible_cpus();
	struct scx_ktstr *skel;

	if (nr_cpus < 1 || nr_cpus > KTSTR_MAX_CPUS) {
		fprintf(stderr, "scx_ktstr: cannot schedule %d CPUs, at most %d\n", nr_cpus, KTSTR_MAX_CPUS);
		return NULL;
	}
	skel = scx_ktstr__open();
	if (!skel) {
		fprintf(stderr, "scx_ktstr: open: %s\n", strerror(errno));
		return NULL;
	}
	set_topology(skel->rodata, nr_cpus);
	skel->rodata->llc_aware = o->llc_aware;
	skel->rodata->steal = o->steal;
	skel->rodata->slice_short = o->slice_short;
	skel->rodata->weighted = o->weighted;
	skel->rodata->slow = o->slow;
	skel->rodata->scattershot = o->scattershot;
	skel->rodata->fail_verify = o->fail_verify;
	skel->rodata->verify_loop = o->verify_loop;
	skel->rodata->verify_limit = o->verify_limit;
	/* The outcome without the trace (BPF_LOG_STATS): for a trace of a million lines libbpf would verify again and
	 * again, each time with a larger buffer.
	 */
	if (o->verify_limit)
		bpf_program__set_log_level(skel->progs.ktstr_dispatch, 4);
	if (o->patient)
		be_patient(skel);
	skel->bss->degrade_rt = o->degrade;
	skel->bss->stall = o->stall_after == 0; /* before the first task comes */
	/* A refusal is printed by libbpf: the verifier's log between its BEGIN and END marks. */
	if (scx_ktstr__load(skel)) {
		fprintf(stderr, "scx_ktstr: not loaded: %s\n", strerror(errno));
		scx_ktstr__destroy(skel);
		return NULL;
	}
	return skel;
}

/* The map is found by name: skeletons of older bpftools do not list the callback table. */
static struct bpf_link *attach(struct scx_ktstr *skel)
{
	struct bpf_map *ops = bpf_object__find_map_by_name(skel->obj, "ktstr_ops");
	struct bpf_link *link = ops ? bpf_map__attach_struct_ops(ops) : NULL;

	if (link)
		return link;
	fprintf(stderr, "scx_ktstr: not attached: %s", strerror(ops ? errno : ENOENT));
	if (skel->bss->exit_info.reason[0])
		fprintf(stderr, ": %s", skel->bss->exit_info.reason);
	fputc('\n', stderr);
	return NULL;
}

/* Entries of a page, 2^28 of them: the largest array that fits the 32-bit numbers of the call and no memory. */
static bool eat(void)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "ktstr_hungry", 4, 4096, 1u << 28, NULL);

	if (map < 0) {
		fprintf(stderr, "scx_ktstr: no map: %s\n", strerror(errno));
		return false;
	}
	close(map);
	return true;
}

/* True when the file exists or the time has come. */
static bool due(const char *file, long after, const struct timespec *since)
{
	struct timespec now;

	if (!access(file, F_OK))
		return true;
	if (after == NEVER)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - since->tv_sec - (now.tv_nsec < since->tv_nsec) >= after;
}

/* Until a signal comes (true) or the kernel lets go of the scheduler (false). */
static bool wait_for_end(struct scx_ktstr *skel, const struct options *o, const sigset_t *signals)
{
	static const struct timespec poll = { .tv_nsec = POLL_NS };
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		if (__atomic_load_n(&skel->bss->exit_info.kind, __ATOMIC_ACQUIRE))
			return false;
		if (!skel->bss->stall && due(STALL_FILE, o->stall_after, &start))
			skel->bss->stall = 1;
		if (!skel->bss->degrade_rt && due(DEGRADE_FILE, o->degrade_after, &start))
			skel->bss->degrade_rt = 1;
		if (sigtimedwait(signals, NULL, &poll) > 0)
			return true;
	}
}

static int report(const struct ktstr_exit *e)
{
	say("ended by the kernel (kind %u): %s%s%s", e->kind, e->reason, e->msg[0] ? ": " : "", e->msg);
	return e->kind >= KTSTR_EXIT_ERROR ? 3 : 0;
}

static int run(const struct options *o)
{
	struct scx_ktstr *skel, *second = NULL;
	struct bpf_link *link;
	sigset_t signals;
	int status = 1;

	/* Before loading: a signal that comes early then waits for wait_for_end(). */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	if (o->unprivileged && setuid(NOBODY))
		return 1;
	if (o->hungry && !eat())
		return 1;
	skel = load(o);
	if (!skel)
		return 1;
	if ((o->twice && !(second = load(o))) || (o->late_drop && setuid(NOBODY)))
		goto out;
	link = attach(skel);
	if (!link)
		goto out;
	/* What a loader meets that is started a second time. */
	if (second && !attach(second)) {
		bpf_link__destroy(link);
		goto out;
	}
	say("attached");
	if (wait_for_end(skel, o, &signals)) {
		say("asked to leave");
		status = 0;
	} else {
		status = report(&skel->bss->exit_info);
	}
	bpf_link__destroy(link);
out:
	scx_ktstr__destroy(second);
	scx_ktstr__destroy(skel);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = { .stall_after = NEVER, .degrade_after = NEVER };

	/* First, wherever it stands: answering must never load anything on the asking machine. */
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--ktstr-list-flags")) {
			list_flags();
			return 0;
		}
		if (!strcmp(argv[i], "--help")) {
			usage();
			return 0;
		}
	}
	return parse(argc, argv, &o) ? run(&o) : 2;
}
