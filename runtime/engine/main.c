/* main.c: ktstr-engine: runs a scenario on the machine it is on, and prints what it was.
 *
 *   ktstr-engine [--host | --keeper] [--seed N] [--shift N] [--shared DIR] [--sample MS] [--program FILE]…
 *                --topology N,L,C,T FILE
 *
 * Two processes: the director does everything; the first one waits for it, with a deadline, and clears away what is left
 * whatever became of it. */
#include "engine/worker/ask.h"
#include "engine/worker/burn.h"
#include "engine/worker/children.h"
#include "engine/director.h"
#include "engine/report.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Beyond what all holds take: for forks, marks, and kernels that are slow to freeze and to remove. */
enum { PATIENCE_S = 120, REST_MS = 5000, SHIFT_MAX = 10, SAMPLE_MS_MAX = 10000 };
/* Workers times phases: each is written down, in some 500 bytes. */
enum { RECORDS_MAX = 1 << 18 };

static const char usage[] =
	"usage: ktstr-engine [--host | --keeper] [--seed N] [--shift N] [--shared DIR] [--sample MS]\n"
	"                    [--program FILE]… --topology N,L,C,T FILE\n"
	"\n"
	"  --host        this machine is somebody's: cgroups go below ktstr/PID, and /tmp is left as it is\n"
	"  --keeper      whoever reads our output and writes our input starts and stops the scheduler for us (keeper.h)\n"
	"  --seed N      what workers draw (0)\n"
	"  --shift N     an instruction takes 2^N ns; without it the speed of computing is measured\n"
	"  --program F   the first program of the scenario is this file; again: the second, and so on\n"
	"  --shared DIR  where workers write files (/tmp)\n"
	"  --sample MS   the host looks into this guest's memory every so often, and at marks\n"
	"  --topology T  nodes, LLCs, cores of an LLC, threads of a core\n"
	"  FILE          the scenario; -: standard input\n"
	"\n"
	"Prints one JSON document. Exit codes: 1 the engine failed, 2 the scenario or an argument is wrong, 3 this machine\n"
	"cannot run it as it is set up, 4 its kernel or topology lacks what the scenario asks for.\n";

struct options {
	bool host, keeper;
	uint64_t seed;
	int shift;
	uint64_t sample_ns;
	const char *folder, *topology, *file;
	const char *programs[PLAN_PROGRAMS_MAX];
	size_t n_programs;
};

static int complain(const struct trouble *t)
{
	fprintf(stderr, "ktstr-engine: %s\n", t->words);
	return t->code;
}

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *out <= max;
}

static int option(struct options *o, const char *name, const char *value, struct trouble *t)
{
	uint64_t n;

	if (!strcmp(name, "--seed")) {
		if (!number(value, UINT64_MAX, &o->seed))
			return trouble(t, ENDS_TEXT, "--seed %s is no number", value);
	} else if (!strcmp(name, "--shift")) {
		if (!number(value, SHIFT_MAX, &n))
			return trouble(t, ENDS_TEXT, "--shift %s is no number from 0 to %d", value, SHIFT_MAX);
		o->shift = (int)n;
	} else if (!strcmp(name, "--sample")) {
		if (!number(value, SAMPLE_MS_MAX, &n) || !n)
			return trouble(t, ENDS_TEXT, "--sample %s is no number from 1 to %d", value, SAMPLE_MS_MAX);
		o->sample_ns = n * 1000000;
	} else if (!strcmp(name, "--shared")) {
		o->folder = value;
	} else if (!strcmp(name, "--program")) {
		if (o->n_programs == PLAN_PROGRAMS_MAX)
			return trouble(t, ENDS_TEXT, "more than %d programs", PLAN_PROGRAMS_MAX);
		o->programs[o->n_programs++] = value;
	} else if (!strcmp(name, "--topology")) {
		o->topology = value;
	} else {
		return trouble(t, ENDS_TEXT, "unknown option %.40s (see --help)", name);
	}
	return 0;
}

static int parse(struct options *o, char **argv, struct trouble *t)
{
	*o = (struct options){ .shift = -1, .folder = "/tmp" };
	for (int i = 1; argv[i]; i++) {
		if (!strcmp(argv[i], "--host")) {
			o->host = true;
		} else if (!strcmp(argv[i], "--keeper")) {
			o->keeper = true;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			if (!argv[i + 1])
				return trouble(t, ENDS_TEXT, "%.40s lacks its value, or is no option (see --help)",
					       argv[i]);
			if (option(o, argv[i], argv[i + 1], t) < 0)
				return -1;
			i++;
		} else if (o->file) {
			return trouble(t, ENDS_TEXT, "one scenario at a time: '%.60s' is a second one", argv[i]);
		} else {
			o->file = argv[i];
		}
	}
	if (o->host && o->keeper)
		return trouble(t, ENDS_TEXT, "--keeper does not go with --host: schedulers of a host are not ours");
	if (o->host && o->sample_ns)
		return trouble(t, ENDS_TEXT, "--sample is for guests: on this machine (--host) nobody looks");
	if (!o->file || !o->topology)
		return trouble(t, ENDS_TEXT, "%s is missing (see --help)", o->file ? "--topology" : "FILE");
	return 0;
}

static int read_text(const char *path, char *buf, size_t max, size_t *n, struct trouble *t)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	ssize_t got = 0;

	*n = 0;
	if (fd < 0)
		return trouble(t, ENDS_TEXT, "open %.200s: %s", path, strerror(errno));
	while (*n < max && (got = read(fd, buf + *n, max - *n)) > 0)
		*n += (size_t)got;
	if (fd != STDIN_FILENO)
		close(fd);
	if (got < 0)
		return trouble(t, ENDS_TEXT, "read %.200s: %s", path, strerror(errno));
	return 0;
}

/* 0, or the exit code. s has to live as long as the plan. */
static int make_plan(const struct options *o, struct scenario *s, struct scenario_plan *plan)
{
	static char buf[SCENARIO_TEXT_MAX + 1];
	struct scenario_error e = { 0 };
	struct trouble t;
	struct places p;
	size_t n;

	if (read_text(o->file, buf, sizeof buf, &n, &t) < 0)
		return complain(&t);
	if (!places_parse(&p, o->topology)) {
		trouble(&t, ENDS_TEXT, "--topology %.60s is none: nodes, LLCs, cores of an LLC, threads of a core",
			o->topology);
		return complain(&t);
	}
	if (scenario_parse(s, buf, n, &e) == SCENARIO_OK)
		scenario_plan_make(plan, s, &p, &e);
	if (e.fault == SCENARIO_OK && o->host && plan_guests_only(plan)) {
		trouble(&t, ENDS_TEXT, "%.200s: %s happens in guests only: leave --host out", o->file,
			plan_guests_only(plan));
		return complain(&t);
	}
	if (e.fault == SCENARIO_OK && (uint64_t)plan->workers * (plan->phases + 1) > RECORDS_MAX) {
		trouble(&t, ENDS_TEXT,
			"%.200s: %u workers in %u phases are too much to write down (together %d at most)", o->file,
			plan->workers, plan->phases, RECORDS_MAX);
		return complain(&t);
	}
	if (e.fault == SCENARIO_OK)
		return 0;
	scenario_error_print(stderr, o->file, &e);
	return e.fault == SCENARIO_BAD ? ENDS_TEXT : e.fault == SCENARIO_SKIP ? ENDS_SKIP : ENDS_OWN;
}

static int print(const struct director *d, uint64_t seed)
{
	char *text = NULL;
	size_t n = 0, done = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		return ENDS_OWN;
	report_write(f, d, seed);
	if (fclose(f) != 0 || !text)
		return ENDS_OWN;
	while (done < n) {
		ssize_t wrote = write(STDOUT_FILENO, text + done, n - done);

		/* Whoever gave us a pipe may have said that it does not block. Who never reads it is the supervisor's affair. */
		if (wrote < 0 && errno == EAGAIN)
			(void)poll(&(struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT }, 1, -1);
		else if (wrote < 0 && errno != EINTR)
			break;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	if (done < n)
		fprintf(stderr, "ktstr-engine: write: %s\n", strerror(errno));
	free(text);
	return done < n ? ENDS_OWN : ENDS_WELL;
}

static int direct(const struct options *o, const struct scenario_plan *plan, struct cgroups *cgroups)
{
	struct director_ask ask = { plan,      cgroups,     o->seed,       o->shift,    o->folder,
				    o->keeper, o->programs, o->n_programs, o->sample_ns };
	struct trouble t = { 0 };
	struct director d;
	int r = director_run(&d, &ask, &t);

	r = r < 0 ? complain(&t) : print(&d, o->seed);
	director_free(&d);
	return r;
}

/* A signal, an end, or the deadline. Exit code. */
static int await(pid_t director, const sigset_t *signals, unsigned seconds)
{
	struct timespec until, now, left = { 0 };
	int status, sig;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	for (;;) {
		if (waitpid(director, &status, WNOHANG) == director) {
			if (WIFEXITED(status))
				return WEXITSTATUS(status);
			fprintf(stderr, "ktstr-engine: the director was killed by signal %d%s\n", WTERMSIG(status),
				WTERMSIG(status) == SIGKILL ? ", by a worker or for want of memory" : "");
			return ENDS_OWN;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		left.tv_sec = until.tv_sec - now.tv_sec;
		sig = left.tv_sec > 0 ? sigtimedwait(signals, NULL, &left) : -1;
		if (sig == SIGCHLD || (sig < 0 && errno == EINTR && left.tv_sec > 0))
			continue;
		if (sig > 0)
			fprintf(stderr, "ktstr-engine: ended by signal %d\n", sig);
		else if (left.tv_sec <= 0)
			fprintf(stderr, "ktstr-engine: the scenario did not end within %u s\n", seconds);
		else
			continue;
		kill(director, SIGKILL);
		waitpid(director, &status, 0);
		return ENDS_OWN;
	}
}

static void kill_children(void)
{
	char path[64];
	FILE *f;
	int pid;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1 && pid > 0)
		kill(pid, SIGKILL);
	if (f)
		fclose(f);
}

/* Workers in no cgroup of ours, and what they forked, are our children when the director is no more. false: some are left. */
static bool end_rest(void)
{
	struct timespec nap = { .tv_nsec = 1000000 };

	for (unsigned ms = 0; ms < REST_MS; ms++) {
		pid_t pid;

		kill_children();
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

static int run(const struct options *o, const struct scenario *scenario, const struct scenario_plan *plan)
{
	const char *parent = scenario->cgroup_parent ? scenario->cgroup_parent : SCENARIO_PARENT;
	unsigned seconds =
		(unsigned)((plan->settle_ns + plan->hold_ns) / 1000000000) + PATIENCE_S * burn_slower(o->shift);
	struct cgroups cgroups = { 0 };
	struct trouble t = { 0 };
	sigset_t signals;
	pid_t director;
	int r;

	/* On a host also for `ktstr cleanup` to see. */
	if ((o->host || plan_uses_cgroups(plan)) && cgroups_open(&cgroups, o->host, parent, plan->controllers, &t) < 0)
		return complain(&t);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	director = fork();
	if (director == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_UNBLOCK, &signals, NULL);
		_exit(direct(o, plan, &cgroups));
	}
	/* Or the end would wait for the scheduler under test. Not before: in a guest the director inherits where PID 1 put us. */
	(void)ask_above();
	if (director < 0)
		fprintf(stderr, "ktstr-engine: fork: %s\n", strerror(errno));
	r = director < 0 ? ENDS_OWN : await(director, &signals, seconds);
	if (!cgroups_close(&cgroups))
		fprintf(stderr, "ktstr-engine: something is left in %s\n", cgroups.base);
	if (!end_rest())
		fputs("ktstr-engine: processes are left that cannot be killed\n", stderr);
	return r;
}

int main(int argc, char **argv)
{
	struct scenario scenario = { 0 };
	struct scenario_plan plan = { 0 };
	struct options o;
	struct trouble t;
	int r;

	if (argc > 1 && !strcmp(argv[1], CHILDREN_WORD))
		return 0;
	if (argc > 1 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0 || fflush(stdout) ? ENDS_OWN : ENDS_WELL;
	if (parse(&o, argv, &t) < 0)
		return complain(&t);
	r = make_plan(&o, &scenario, &plan);
	/* A guest is ours: files of workers must not fill it. */
	if (!r && !o.host && (plan.n_programs || plan_does(&plan, ACT_WRITE)))
		(void)mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_NOSUID, "size=25%");
	if (!r)
		r = run(&o, &scenario, &plan);
	scenario_plan_free(&plan);
	scenario_free(&scenario);
	return r;
}
