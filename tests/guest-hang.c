/* guest-hang.c: brings a guest's kernel to complain, for tests/vm/faults.sh, which sets how soon it does. Static.
 *
 *   guest-hang rcu SECONDS     RCU's thread gets no CPU for so long, several times if the kernel does not complain (2 CPUs)
 *   guest-hang task SECONDS    a task waits for an inode's lock
 *
 * Ends by SIGKILL, as a victim would. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WAITERS = 4, TURNS = 10 };

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static pid_t rcu_thread(void)
{
	DIR *d = opendir("/proc");
	char path[300], name[32];
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
		FILE *f = isdigit((unsigned char)*entry->d_name) ? fopen(path, "r") : NULL;
		int got = f && fscanf(f, "%31s", name) == 1;

		if (f)
			fclose(f);
		if (got && (!strcmp(name, "rcu_preempt") || !strcmp(name, "rcu_sched")))
			return atoi(entry->d_name);
	}
	fail("no RCU thread");
	return 0;
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(pid, sizeof set, &set) < 0)
		fail("sched_setaffinity");
}

/* Several that wait for the end of a grace period and then for the next: one is always under way when RCU's thread gets no CPU any
 * more. Between two of them nothing would stall. */
static void keep_rcu_busy(void)
{
	pin(0, 0);
	for (int i = 0; i < WAITERS; i++)
		if (fork() == 0)
			for (;;)
				if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) < 0)
					fail("membarrier");
	for (;;) {
		close(open("/tmp/rcu", O_RDWR | O_CREAT, 0600));
		unlink("/tmp/rcu");
	}
}

static bool complained(int log)
{
	char record[2048];
	bool found = false;
	ssize_t n;

	while ((n = read(log, record, sizeof record - 1)) > 0) {
		record[n] = '\0';
		found |= strstr(record, "detected stalls") != NULL;
	}
	return found;
}

/* Nothing stalls when it is caught between two grace periods, so there is more than one turn. */
static void starve_rcu(unsigned seconds)
{
	const struct sched_param top = { .sched_priority = 99 }, none = { 0 };
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	time_t end;

	if (log < 0 || lseek(log, 0, SEEK_END) < 0)
		fail("/dev/kmsg");
	if (fork() == 0)
		keep_rcu_busy();
	pin(rcu_thread(), 1);
	pin(0, 1);
	for (int turn = 0; turn < TURNS && !complained(log); turn++) {
		sleep(1);
		end = time(NULL) + seconds;
		if (sched_setscheduler(0, SCHED_FIFO, &top) < 0)
			fail("SCHED_FIFO");
		while (time(NULL) < end)
			;
		if (sched_setscheduler(0, SCHED_OTHER, &none) < 0)
			fail("SCHED_OTHER");
	}
}

/* A page that nobody ever fills: who registered it does not care. */
static void *bottomless(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register r = { .range = { (unsigned long)page, 4096 }, .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0 || ioctl(fd, UFFDIO_REGISTER, &r) < 0)
		fail("userfaultfd");
	return page;
}

/* One writes from that page, and has the file's lock while it waits for it; the other wants the lock. */
static void block_task(unsigned seconds)
{
	int fd = open("/tmp/blocked", O_RDWR | O_CREAT, 0600);

	if (fork() == 0) /* a child does not inherit what is registered */
		_exit(write(fd, bottomless(), 4096) < 0);
	sleep(1);
	if (fork() == 0)
		_exit(write(fd, "", 1) < 0);
	sleep(seconds);
}

int main(int argc, char **argv)
{
	unsigned seconds = argc == 3 ? (unsigned)atoi(argv[2]) : 0;

	if (argc == 3 && !strcmp(argv[1], "rcu"))
		starve_rcu(seconds);
	else if (argc == 3 && !strcmp(argv[1], "task"))
		block_task(seconds);
	else
		return 2;
	return raise(SIGKILL);
}
