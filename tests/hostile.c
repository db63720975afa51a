/* hostile.c: a program of a scenario that does its worst to the guest it runs in, as root, for tests/long/hostile.sh. Static.
 *
 *   hostile seats    random bytes over all memory that the engine's processes share, again and again
 *   hostile boxes    the same once over the board of PID 1 but its head
 *   hostile board    head and all
 *   hostile memory   over all that PID 1 can write to
 *   hostile bomb     forks without end
 *   hostile full     fills /tmp
 *   hostile kill     kills all processes but PID 1
 *   hostile forever  leaves its cgroup, hears no signal and does not end
 *   hostile ports    bytes into the ports by which PID 1 calls the host */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/types.h>
#include <unistd.h>

enum { PIECE = 1 << 16, PORT_RING = 0xe9, PORT_GATE = 0xea, PAGE = 4096 };
#define MAPPED 0x700000000000u

static uint64_t random_state = 1;

static void noise(unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		random_state = random_state * 6364136223846793005u + 1442695040888963407u;
		p[i] = (unsigned char)(random_state >> 33);
	}
}

static void scribble(int mem, uint64_t from, uint64_t end)
{
	static unsigned char bytes[PIECE];

	for (uint64_t at = from; at < end; at += PIECE) {
		noise(bytes, PIECE);
		(void)!pwrite(mem, bytes, end - at < PIECE ? end - at : PIECE, (off_t)at);
	}
}

/* Over those mappings of process pid that have this access ("rw-s"), but for so many bytes at their beginning. PID 1 is static, so
 * that nothing without a name is mapped above MAPPED but its board. */
static void scribble_over(long pid, const char *access, uint64_t above, uint64_t but)
{
	char path[64], line[512], has[8], name[8];
	unsigned long from, end;
	FILE *maps;
	int mem;

	snprintf(path, sizeof path, "/proc/%ld/mem", pid);
	mem = open(path, O_WRONLY | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/%ld/maps", pid);
	maps = fopen(path, "re");
	while (maps && mem >= 0 && fgets(line, sizeof line, maps)) {
		int n = sscanf(line, "%lx-%lx %7s %*s %*s %*s %7s", &from, &end, has, name);

		if (n >= 3 && !strcmp(has, access) && from >= above && (!above || n == 3))
			scribble(mem, from + but, end);
	}
	if (maps)
		fclose(maps);
	if (mem >= 0)
		close(mem);
}

/* The next process but PID 1 and this one; 0: no more. */
static long other(DIR *proc)
{
	struct dirent *d;

	while ((d = readdir(proc))) {
		long pid = strtol(d->d_name, NULL, 10);

		if (pid > 1 && pid != getpid())
			return pid;
	}
	return 0;
}

static void seats(void)
{
	for (;;) {
		DIR *proc = opendir("/proc");

		for (long pid; proc && (pid = other(proc));)
			scribble_over(pid, "rw-s", 0, 0);
		if (proc)
			closedir(proc);
		usleep(1000);
	}
}

static void full(void)
{
	static unsigned char bytes[PIECE];
	int fd = open("/tmp/full", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	while (write(fd, bytes, sizeof bytes) > 0)
		;
	pause();
}

static void kill_all(void)
{
	DIR *proc = opendir("/proc");

	for (long pid; proc && (pid = other(proc));)
		kill((pid_t)pid, SIGKILL);
}

static void forever(void)
{
	FILE *top = fopen("/sys/fs/cgroup/cgroup.procs", "we");

	if (fork())
		return;
	setsid();
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
	if (top && fprintf(top, "%d\n", getpid()) > 0)
		fclose(top);
	for (;;)
		;
}

static void ports(void)
{
	if (ioperm(PORT_RING, 2, 1) == 0)
		for (unsigned i = 0; i < 100; i++) {
			outb((unsigned char)i, PORT_RING);
			outb((unsigned char)i, PORT_GATE);
		}
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (!strcmp(what, "seats"))
		seats();
	else if (!strcmp(what, "boxes"))
		scribble_over(1, "rw-p", MAPPED, PAGE);
	else if (!strcmp(what, "board"))
		scribble_over(1, "rw-p", MAPPED, 0);
	else if (!strcmp(what, "memory"))
		scribble_over(1, "rw-p", 0, 0);
	else if (!strcmp(what, "full"))
		full();
	else if (!strcmp(what, "kill"))
		kill_all();
	else if (!strcmp(what, "forever"))
		forever();
	else if (!strcmp(what, "ports"))
		ports();
	while (!strcmp(what, "bomb"))
		(void)!fork();
	return 0;
}
