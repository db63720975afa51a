/* guest-features.c: PID 1 of tests/kconfig-compare.sh. Says hello, then of each thing that a scheduler test, its workload,
 * tracing or perf uses whether this kernel has it: "ok NAME", "missing NAME", and "done" at the end. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <mqueue.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *name, bool ok)
{
	printf("%s %s\n", ok ? "ok" : "missing", name);
}

static void mounts(void)
{
	static const struct {
		const char *type, *at;
	} table[] = {
		{ "proc", "/proc" },
		{ "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },
		{ "devpts", "/dev/pts" },
		{ "tmpfs", "/dev/shm" },
		{ "mqueue", "/dev/mqueue" },
		{ "hugetlbfs", "/dev/huge" },
		{ "cgroup2", "/sys/fs/cgroup" },
		{ "bpf", "/sys/fs/bpf" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mkdir(table[i].at, 0755);
		say(table[i].type, mount(table[i].type, table[i].at, table[i].type, 0, NULL) == 0 || errno == EBUSY);
	}
}

static void files(void)
{
	static const char *const table[] = {
		"/sys/kernel/sched_ext/state",
		"/sys/kernel/btf/vmlinux",
		"/sys/kernel/debug/sched/debug",
		"/sys/kernel/debug/kprobes/list",
		"/sys/kernel/tracing/kprobe_events",
		"/sys/kernel/tracing/uprobe_events",
		"/sys/kernel/tracing/set_ftrace_filter",
		"/sys/kernel/tracing/events/sched/sched_switch/enable",
		"/sys/kernel/tracing/events/syscalls/sys_enter_futex/enable",
		"/sys/kernel/tracing/events/irq/softirq_entry/enable",
		"/sys/kernel/tracing/events/power/cpu_idle/enable",
		"/sys/bus/event_source/devices/software",
		"/sys/bus/event_source/devices/tracepoint",
		"/sys/bus/event_source/devices/kprobe",
		"/sys/bus/event_source/devices/uprobe",
		"/sys/devices/system/cpu/cpu0/topology/core_id",
		"/sys/devices/system/cpu/cpu0/topology/die_id",
		"/sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list",
		"/sys/devices/system/cpu/smt/active",
		"/sys/devices/system/cpu/isolated",
		"/sys/devices/system/node/node0/meminfo",
		"/sys/devices/system/clocksource/clocksource0/current_clocksource",
		"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages",
		"/sys/module",
		"/dev/cpu/0/msr",
		"/dev/cpu/0/cpuid",
		"/dev/mem",
		"/dev/ptmx",
		"/dev/kmsg",
		"/proc/cgroups",
		"/proc/config.gz",
		"/proc/kallsyms",
		"/proc/kcore",
		"/proc/modules",
		"/proc/schedstat",
		"/proc/self/schedstat",
		"/proc/self/sched",
		"/proc/self/stack",
		"/proc/self/wchan",
		"/proc/self/cpuset",
		"/proc/self/io",
		"/proc/self/pagemap",
		"/proc/self/numa_maps",
		"/proc/self/timerslack_ns",
		"/proc/self/ns/pid",
		"/proc/self/ns/net",
		"/proc/self/ns/cgroup",
		"/proc/sysrq-trigger",
		"/proc/swaps",
		"/proc/timer_list",
		"/proc/vmstat",
		"/proc/sys/kernel/bpf_stats_enabled",
		"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/hung_task_timeout_secs",
		"/proc/sys/kernel/perf_event_paranoid",
		"/proc/sys/kernel/sched_schedstats",
		"/proc/sys/kernel/soft_watchdog",
		"/proc/sys/kernel/task_delayacct",
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		say(table[i], access(table[i], F_OK) == 0);
}

static bool contains(const char *file, const char *word)
{
	char text[4096] = " ";
	FILE *f = fopen(file, "r");
	bool found = f && fgets(text + 1, sizeof(text) - 2, f);
	char *at = text;
	size_t n = strlen(word);

	if (f)
		fclose(f);
	text[strcspn(text, "\n")] = ' ';
	while (found && (at = strstr(at, word)) && (at[-1] != ' ' || at[n] != ' '))
		at++;
	return found && at;
}

static void words(void)
{
	static const struct {
		const char *file, *word;
	} table[] = {
		{ "/sys/kernel/tracing/available_tracers", "function" },
		{ "/sys/kernel/tracing/available_tracers", "function_graph" },
		{ "/sys/kernel/tracing/available_tracers", "wakeup" },
		{ "/sys/kernel/tracing/available_tracers", "nop" },
		{ "/sys/fs/cgroup/cgroup.controllers", "cpu" },
		{ "/sys/fs/cgroup/cgroup.controllers", "cpuset" },
		{ "/sys/fs/cgroup/cgroup.controllers", "io" },
		{ "/sys/fs/cgroup/cgroup.controllers", "memory" },
		{ "/sys/fs/cgroup/cgroup.controllers", "hugetlb" },
		{ "/sys/fs/cgroup/cgroup.controllers", "pids" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		say(table[i].word, contains(table[i].file, table[i].word));
}

/* Called with nothing of value in their arguments: what is there says EFAULT, EINVAL or EBADF. */
static void calls(void)
{
	static const struct {
		const char *name;
		long number;
	} table[] = {
		{ "futex_waitv", SYS_futex_waitv },
		{ "set_robust_list", SYS_set_robust_list },
		{ "rseq", SYS_rseq },
		{ "membarrier", SYS_membarrier },
		{ "epoll_ctl", SYS_epoll_ctl },
		{ "eventfd2", SYS_eventfd2 },
		{ "signalfd4", SYS_signalfd4 },
		{ "timerfd_create", SYS_timerfd_create },
		{ "timer_create", SYS_timer_create },
		{ "inotify_init1", SYS_inotify_init1 },
		{ "memfd_create", SYS_memfd_create },
		{ "io_setup", SYS_io_setup },
		{ "io_uring_enter", SYS_io_uring_enter },
		{ "io_uring_register", SYS_io_uring_register },
		{ "shmget", SYS_shmget },
		{ "semget", SYS_semget },
		{ "semtimedop", SYS_semtimedop },
		{ "msgget", SYS_msgget },
		{ "mq_timedsend", SYS_mq_timedsend },
		{ "process_vm_readv", SYS_process_vm_readv },
		{ "kcmp", SYS_kcmp },
		{ "pidfd_open", SYS_pidfd_open },
		{ "clone3", SYS_clone3 },
		{ "sched_setattr", SYS_sched_setattr },
		{ "sched_setaffinity", SYS_sched_setaffinity },
		{ "ioprio_set", SYS_ioprio_set },
		{ "mbind", SYS_mbind },
		{ "migrate_pages", SYS_migrate_pages },
		{ "move_pages", SYS_move_pages },
		{ "madvise", SYS_madvise },
		{ "mlock", SYS_mlock },
		{ "swapoff", SYS_swapoff },
		{ "splice", SYS_splice },
		{ "vmsplice", SYS_vmsplice },
		{ "open_by_handle_at", SYS_open_by_handle_at },
		{ "name_to_handle_at", SYS_name_to_handle_at },
		{ "finit_module", SYS_finit_module },
		{ "modify_ldt", SYS_modify_ldt },
		{ "pkey_alloc", SYS_pkey_alloc },
		{ "ptrace", SYS_ptrace },
		{ "cachestat", 451 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		say(table[i].name, syscall(table[i].number, -1, -1, -1, -1, -1, -1) >= 0 || errno != ENOSYS);
}

static bool perf(unsigned type, unsigned long long config)
{
	struct perf_event_attr a = { .type = type, .size = sizeof(a), .config = config };
	long fd = syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
	unsigned long long n = 0;

	for (int i = 0; fd >= 0 && i < 100; i++)
		sched_yield();
	return fd >= 0 && read((int)fd, &n, sizeof(n)) == sizeof(n) &&
	       (config == PERF_COUNT_SW_CPU_MIGRATIONS || n > 0);
}

/* In a child, so that everything after it stays where it was. */
static bool namespaces(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNET |
			      CLONE_NEWCGROUP) != 0);
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool loopback(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof(at);

	return ioctl(listener, SIOCSIFFLAGS, &lo) == 0 && bind(listener, (struct sockaddr *)&at, n) == 0 &&
	       listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&at, &n) == 0 &&
	       connect(client, (struct sockaddr *)&at, n) == 0 && accept(listener, NULL, NULL) >= 0;
}

static bool sockets(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && socket(AF_INET, SOCK_DGRAM, 0) >= 0 &&
	       socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool wakes(int op)
{
	int word = 0;

	return syscall(SYS_futex, &word, op, 1, NULL, NULL, 0) == 0;
}

static void more(void)
{
	struct io_uring_params ring = { 0 };
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_TASK_STORAGE };
	union bpf_attr ringbuf = { .map_type = BPF_MAP_TYPE_RINGBUF, .max_entries = 4096 };
	struct seccomp_notif_sizes sizes;

	say("perf task-clock", perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK));
	say("perf cpu-migrations", perf(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS));
	say("io_uring_setup", syscall(SYS_io_uring_setup, 8, &ring) >= 0);
	say("mq_open", mq_open("/q", O_CREAT | O_RDWR, 0600, NULL) != (mqd_t)-1);
	say("bpf ring buffer", syscall(SYS_bpf, BPF_MAP_CREATE, &ringbuf, sizeof(ringbuf)) >= 0);
	say("bpf task storage", syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)) < 0 && errno == EINVAL);
	say("seccomp filters", syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0);
	say("namespaces", namespaces());
	say("TCP over loopback", loopback());
	say("sockets", sockets());
	say("futex", wakes(FUTEX_WAKE));
	say("futex with priority inheritance", wakes(FUTEX_TRYLOCK_PI));
}

int main(void)
{
	struct utsname u;

	(void)!write(1, "hello\n", 6);
	mounts();
	files();
	words();
	calls();
	more();
	uname(&u);
	printf("CPUs %ld\ndone %s\n", sysconf(_SC_NPROCESSORS_ONLN), u.release);
	fflush(stdout);
	for (;;)
		pause();
}
