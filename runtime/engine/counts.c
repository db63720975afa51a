#include "engine/counts.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EVENTS "/sys/kernel/sched_ext/root/events"
#define SCHEDSTAT "/proc/schedstat"
enum { EVENTS_SIZE = 4096, SCHEDSTAT_SIZE = 1 << 20 };

static char *read_events(void)
{
	char *text = malloc(EVENTS_SIZE);
	int fd = open(EVENTS, O_RDONLY | O_CLOEXEC);
	ssize_t n = text && fd >= 0 ? read(fd, text, EVENTS_SIZE - 1) : -1;

	if (fd >= 0)
		close(fd);
	if (n <= 0) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	return text;
}

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct counts_program *)a)->name, ((const struct counts_program *)b)->name);
}

/* False: it is none of a scheduler's callbacks, or gone since we were told its id. */
static bool read_program(uint32_t id, struct counts_program *p)
{
	union bpf_attr open = { .prog_id = id }, ask = { 0 };
	struct bpf_prog_info info = { 0 };
	long fd = bpf(BPF_PROG_GET_FD_BY_ID, &open);
	bool there;

	if (fd < 0)
		return false;
	ask.info.bpf_fd = (uint32_t)fd;
	ask.info.info_len = sizeof info;
	ask.info.info = (uintptr_t)&info;
	there = bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0;
	close((int)fd);
	*p = (struct counts_program){ .runs = info.run_cnt, .ns = info.run_time_ns, .insns = info.verified_insns };
	memcpy(p->name, info.name, sizeof p->name - 1);
	return there && info.type == BPF_PROG_TYPE_STRUCT_OPS && *p->name;
}

static void read_programs(struct counts *c)
{
	union bpf_attr next = { 0 };
	size_t n = 0;

	for (; n < COUNTS_PROGRAMS && bpf(BPF_PROG_GET_NEXT_ID, &next) == 0; next.start_id = next.next_id) {
		/* Room for a power of two is kept. */
		if (!(n & (n - 1))) {
			void *grown = realloc(c->programs, (n ? n * 2 : 1) * sizeof *c->programs);

			if (!grown)
				return;
			c->programs = grown;
		}
		c->listed = true;
		n += read_program(next.next_id, &c->programs[n]);
	}
	if (n)
		qsort(c->programs, n, sizeof *c->programs, by_name);
	for (size_t i = 0; i < n; i++) {
		struct counts_program *last = c->n ? &c->programs[c->n - 1] : NULL;

		if (last && !strcmp(last->name, c->programs[i].name)) {
			last->runs += c->programs[i].runs;
			last->ns += c->programs[i].ns;
			if (c->programs[i].insns > last->insns)
				last->insns = c->programs[i].insns;
		} else {
			c->programs[c->n++] = c->programs[i];
		}
	}
}

/* Lines of CPUs alone; those of domains are far more. */
static char *read_schedstat(void)
{
	FILE *f = fopen(SCHEDSTAT, "re");
	char *line = NULL, *text = NULL;
	size_t cap = 0, n = 0;
	FILE *to = f ? open_memstream(&text, &n) : NULL;

	while (to && getline(&line, &cap, f) > 0 && ftell(to) < SCHEDSTAT_SIZE)
		if (!strncmp(line, "cpu", 3))
			fputs(line, to);
	free(line);
	if (f)
		fclose(f);
	if (to && fclose(to) == 0)
		return text;
	return NULL;
}

void counts_take(struct counts *c, bool schedstat)
{
	*c = (struct counts){ .events = read_events(), .schedstat = schedstat ? read_schedstat() : NULL };
	read_programs(c);
}

void counts_free(struct counts *c)
{
	free(c->events);
	free(c->programs);
	free(c->schedstat);
	*c = (struct counts){ 0 };
}
