/* perfmode.c: performance mode, before QEMU starts and as soon as its vCPUs are there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "vm/end.h"
#include "host/hostcpu.h"
#include "vm/perfmode.h"
#include "vm/state.h"

enum { VCPU_PRIORITY = 1, SERVICE_PRIORITY = 2, HUGE_MB = 2 };

/* ---- CPUs nobody else has */

static int open_claims(struct err *e)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	auto_free char *path = dir && *dir == '/' ? xasprintf("%s/ktstr-cpus", dir)
						  : xasprintf("/tmp/ktstr-cpus-%u", (unsigned)geteuid());
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

static bool claim(int fd, unsigned cpu)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)cpu, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &l) == 0;
}

static void unclaim(int fd, unsigned cpu)
{
	struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = (off_t)cpu, .l_len = 1 };

	(void)fcntl(fd, F_OFD_SETLK, &l); /* closing it lets go as well */
}

static bool is_planned(const struct perf *p, unsigned cpu)
{
	for (unsigned i = 0; i < p->vcpus; i++)
		if (p->pin.cpu[i] == cpu)
			return true;
	return p->pin.service == cpu;
}

/* All that are free are claimed first and what is not needed given back, so that two who plan at once agree. */
static int plan_cpus(struct perf *p, const struct topology *t, struct host_cpus *h, struct err *e)
{
	unsigned others = 0;

	if (host_cpus_ours(h, e) < 0)
		return -1;
	int fd = open_claims(e);

	if (fd < 0)
		return fd;
	p->claim = fd;
	for (unsigned i = 0; i < h->n; i++) {
		if (!h->v[i].allowed || claim(fd, h->v[i].id))
			continue;
		h->v[i].allowed = false;
		others++;
	}
	p->vcpus = topology_cpus(t);
	if (pin_plan(&p->pin, t, h, e) < 0) {
		auto_free char *numbers = xstrdup(e->msg);

		return others ? err_set(e, e->code, "%s; %u more are in use by other guests in performance mode",
					numbers, others)
			      : -1;
	}
	for (unsigned i = 0; i < h->n; i++)
		if (h->v[i].allowed && !is_planned(p, h->v[i].id))
			unclaim(fd, h->v[i].id);
	return 0;
}

/* ---- what may disturb */

static void warn_of_host(struct perf *p, const struct topology *t, const struct host_cpus *h)
{
	unsigned running = host_running(""), threshold = p->vcpus / 2;
	auto_free char *clock = host_clock("");

	/* One of those that run is us. */
	running -= running > 0;
	if (running > threshold)
		perf_warn(p, "%u processes running on %u CPUs (threshold %u for %u vCPUs) — results may be noisy",
			  running, h->n, threshold, p->vcpus);
	if (clock && strcmp(clock, "tsc") != 0)
		perf_warn(p,
			  "TSC not stable (the host keeps time by %s), timing measurements may have higher variance "
			  "(nested virt?).",
			  clock);
	if (p->pin.spread)
		perf_warn(p, "%u of %u LLCs of the guest lie across several LLCs of the host.", p->pin.spread, t->llcs);
	if (p->pin.shared)
		perf_warn(p, "%u of %u LLCs of the guest share an LLC of the host (it has %u).", p->pin.shared, t->llcs,
			  h->llcs);
}

/* ---- memory */

static bool enough_huge(struct perf *p, const struct machine *m, bool by_node)
{
	unsigned long pages = 0, there = host_huge_free("", -1);

	for (unsigned n = 0; n < m->topo.nodes; n++) {
		uint64_t mb = machine_node_bytes(m, n) >> 20;
		bool bound = by_node && p->pin.host_node[n] >= 0;

		if (mb % HUGE_MB) {
			perf_warn(p, "memory of %u MB is not a whole number of hugepages. Using regular pages.",
				  m->memory_mb);
			return false;
		}
		pages += mb / HUGE_MB;
		if (bound && host_huge_free("", p->pin.host_node[n]) < mb / HUGE_MB)
			there = 0;
	}
	if (there >= pages)
		return true;
	perf_warn(p, "not enough hugepages (needed %u MB = %lu pages, available %lu pages). Using regular pages.",
		  m->memory_mb, pages, there);
	return false;
}

int perf_prepare(struct perf *p, const struct machine *m, struct machine_wires *w, struct err *e)
{
	auto_host_cpus struct host_cpus h = { 0 };

	p->on = true;
	if (host_cpus_read(&h, "", e) < 0 || plan_cpus(p, &m->topo, &h, e) < 0)
		return -1;
	warn_of_host(p, &m->topo, &h);
	if (m->accel != ACCEL_KVM)
		perf_warn(p, "without KVM vCPUs are pinned, but not real-time, and the guest is not told. "
			     "Its figures are those of an emulator.");
	for (unsigned n = 0; h.nodes > 1 && n < m->topo.nodes; n++)
		w->host_node[n] = (unsigned)(p->pin.host_node[n] + 1);
	p->huge = enough_huge(p, m, h.nodes > 1);
	return 0;
}

/* ---- threads */

static void run_on(pid_t thread, unsigned cpu, struct perf *p)
{
	size_t size = CPU_ALLOC_SIZE(HOST_MAX_CPUS);
	auto_free cpu_set_t *set = xcalloc(1, size);

	CPU_SET_S(cpu, size, set);
	if (sched_setaffinity(thread, size, set) < 0 && errno != ESRCH)
		perf_warn(p, "thread %d cannot be pinned to CPU %u: %s.", (int)thread, cpu, strerror(errno));
}

/* Those QEMU starts later are as the one that starts them. */
static int pin_all_to_service(struct perf *p, pid_t qemu, struct err *e)
{
	auto_free char *path = xasprintf("/proc/%d/task", (int)qemu);
	DIR *d = opendir(path);

	if (!d)
		return err_sys(e, "open %s", path);
	for (struct dirent *entry; (entry = readdir(d));) {
		long id = strtol(entry->d_name, NULL, 10);

		if (id > 0 && id <= INT_MAX)
			run_on((pid_t)id, p->pin.service, p);
	}
	closedir(d);
	return 0;
}

static bool make_fifo(struct perf *p, pid_t thread, int priority, const char *label)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(thread, SCHED_FIFO, &param) == 0)
		return true;
	perf_warn(p, "SCHED_FIFO for %s: %s (need CAP_SYS_NICE)", label, strerror(errno));
	return false;
}

/* QEMU's word is not enough to change a process by: the threads must be its own. */
static bool is_of(pid_t thread, pid_t qemu)
{
	auto_free char *path = xasprintf("/proc/%d/task/%d", (int)qemu, (int)thread);

	return access(path, F_OK) == 0;
}

int perf_apply(struct vm *vm, struct err *e)
{
	auto_free char *reply = NULL;
	struct perf *p = &vm->perf;
	pid_t thread[TOPO_MAX_CPUS];

	if (!p->on)
		return 0;
	if (vm_qmp(vm, "query-cpus-fast", NULL, -1, &reply, vm_deadline(vm, VM_STOP_S), e) < 0 ||
	    perf_threads(thread, p->vcpus, reply, strlen(reply), e) < 0 || pin_all_to_service(p, vm->qemu.pid, e) < 0)
		return -1;
	for (unsigned i = 0; i < p->vcpus; i++) {
		if (!is_of(thread[i], vm->qemu.pid))
			return err_set(e, X_VM, "QEMU: query-cpus-fast: thread %d is none of QEMU's", (int)thread[i]);
		run_on(thread[i], p->pin.cpu[i], p);
	}
	if (vm->m.accel != ACCEL_KVM)
		return 0;
	p->fifo = make_fifo(p, vm->qemu.pid, SERVICE_PRIORITY, "QEMU");
	for (unsigned i = 0; p->fifo && i < p->vcpus; i++)
		p->fifo = make_fifo(p, thread[i], VCPU_PRIORITY, "a vCPU");
	return 0;
}
