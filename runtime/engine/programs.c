#include "engine/programs.h"
#include "engine/worker/ask.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of what a program prints; more is refused to it. */
#define OUTPUT_MAX (1u << 20)
/* A figure beyond these is none: who reads it has bounds as well. */
#define LEAST 1e-100
#define MOST 1e100
enum { VALUE_TEXT = 63 };

/* Without a name where the file system can; else the name goes at once. */
static int open_output(const char *folder)
{
	char path[4096];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_APPEND, 0600);

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof path, "%s/ktstr-out.XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC | O_APPEND);
	if (fd >= 0)
		unlink(path);
	return fd;
}

/* The child's half; told is closed by a successful exec and gets errno otherwise. */
static void __attribute__((noreturn))
become(const char *path, const struct plan_step *s, const struct cgroups *c, const char *group, int out, int told)
{
	static const struct policy ext = { .kind = POLICY_NONE };
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", NULL };
	const struct rlimit bound = { OUTPUT_MAX, OUTPUT_MAX };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (!group || cgroup_enter(c, group, 0) == 0) {
		(void)ask_policy(0, &ext);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &bound);
		dup2(null, STDIN_FILENO);
		dup2(out, STDOUT_FILENO);
		execve(path, (char *const *)s->argv, (char *const *)env);
	}
	null = errno;
	(void)!write(told, &null, sizeof null);
	_exit(127);
}

static int start_one(struct programs *p, const struct plan_step *s, const struct cgroups *c, const char *group,
		     struct trouble *t)
{
	struct program_run *r = &p->v[p->n];
	const char *path = p->paths[s->n];
	int told[2], error = 0;

	*r = (struct program_run){ .step = s, .out = open_output(p->folder) };
	if (r->out < 0 || pipe2(told, O_CLOEXEC) < 0) {
		trouble(t, ENDS_OWN, "room for what %s prints: %s", path, strerror(errno));
		if (r->out >= 0)
			close(r->out);
		return -1;
	}
	r->pid = fork();
	if (r->pid == 0)
		become(path, s, c, group, r->out, told[1]);
	close(told[1]);
	if (r->pid < 0)
		error = errno;
	else
		p->n++;
	if (r->pid > 0 && read(told[0], &error, sizeof error) != sizeof error)
		error = 0;
	close(told[0]);
	if (r->pid < 0)
		close(r->out);
	return error ? trouble(t, ENDS_TEXT, "run %s: %s%s", path, strerror(error),
			       error == ENOENT ? " (of a script it may be its interpreter that is not there)" : "")
		     : 0;
}

int programs_start(struct programs *p, const struct plan_step *s, const struct cgroups *c, const char *group,
		   struct trouble *t)
{
	struct program_run *grown;

	if (s->n >= p->n_paths)
		return trouble(t, ENDS_TEXT, "nobody brought the program %s: --program names it", s->argv[0]);
	grown = realloc(p->v, (p->n + s->copies) * sizeof *grown);
	if (!grown)
		return trouble(t, ENDS_OWN, "out of memory");
	p->v = grown;
	for (unsigned i = 0; i < s->copies; i++)
		if (start_one(p, s, c, group, t) < 0)
			return -1;
	return 0;
}

bool programs_reaped(struct programs *p, const siginfo_t *si)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct program_run *r = &p->v[i];

		if (r->pid != si->si_pid || r->gone)
			continue;
		r->gone = true;
		r->code = si->si_code;
		r->status = si->si_status;
		return true;
	}
	return false;
}

void programs_stop(struct programs *p, int group)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct program_run *r = &p->v[i];

		if (r->gone || (group != PROGRAMS_ALL && r->step->group != group))
			continue;
		r->stopped = true;
		kill(-r->pid, SIGKILL);
		kill(r->pid, SIGKILL);
	}
}

bool programs_left(const struct programs *p)
{
	for (unsigned i = 0; i < p->n; i++)
		if (!p->v[i].gone)
			return true;
	return false;
}

/* "KEY VALUE", and nothing else in the line. */
static bool figure_read(const char *line, size_t n, struct program_figure *to)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
	char text[PROGRAMS_KEY_MAX + VALUE_TEXT + 2], *end;
	size_t key;

	if (n >= sizeof text || memchr(line, 0, n))
		return false;
	memcpy(text, line, n);
	text[n] = '\0';
	key = strspn(text, plain);
	if (!key || key > PROGRAMS_KEY_MAX || text[key] != ' ' || !text[key + 1] || strchr(" \t", text[key + 1]))
		return false;
	to->value = strtod(text + key + 1, &end);
	memcpy(to->key, text, key);
	to->key[key] = '\0';
	return !*end && (to->value == 0 || (fabs(to->value) >= LEAST && fabs(to->value) <= MOST));
}

size_t programs_figures(const char *text, size_t n, struct program_figure to[PROGRAMS_KEYS])
{
	size_t used = 0;

	for (const char *end = text + n; text < end;) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		struct program_figure f;
		size_t i = 0;

		if (!stop)
			stop = end;
		if (figure_read(text, (size_t)(stop - text), &f)) {
			while (i < used && strcmp(to[i].key, f.key) != 0)
				i++;
			if (i < PROGRAMS_KEYS)
				to[i] = f;
			used += i == used && i < PROGRAMS_KEYS;
		}
		text = stop + 1;
	}
	return used;
}

static void figures_write(FILE *f, const struct program_run *r)
{
	struct program_figure figures[PROGRAMS_KEYS];
	char *text = malloc(OUTPUT_MAX);
	ssize_t got = text ? pread(r->out, text, OUTPUT_MAX, 0) : -1;
	size_t n = got > 0 ? programs_figures(text, (size_t)got, figures) : 0;

	free(text);
	fputs(",\"values\":{", f);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s\"%s\":%.17g", i ? "," : "", figures[i].key, figures[i].value);
	putc('}', f);
}

static void ended_write(FILE *f, const struct program_run *r)
{
	if (!r->gone)
		fputs("\"unreaped\"", f);
	else if (r->code == CLD_EXITED)
		fprintf(f, "\"exited %d\"", r->status);
	else
		fprintf(f, r->stopped ? "\"stopped\"" : "\"killed by signal %d\"", r->status);
}

void programs_report(FILE *f, const struct programs *p, const struct scenario_plan *plan)
{
	if (!p->n)
		return;
	fputs("\"programs\":[", f);
	for (unsigned i = 0; i < p->n; i++) {
		const struct program_run *r = &p->v[i];
		int group = r->step->group;

		fprintf(f, "%s\n{\"group\":\"%s\",\"line\":%u,\"pid\":%d,\"ended\":", i ? "," : "",
			group == PLAN_NO_GROUP ? "-" : plan->groups[group].name, r->step->line, (int)r->pid);
		ended_write(f, r);
		figures_write(f, r);
		putc('}', f);
	}
	fputs("],\n", f);
}

void programs_free(struct programs *p)
{
	for (unsigned i = 0; i < p->n; i++)
		close(p->v[i].out);
	free(p->v);
}
