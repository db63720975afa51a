/* guest-busy.c: can what PID 1 has just been sent be run? In a guest, as root, linked with PID 1's own files.c:
 *
 *   guest-busy TIMES MB          as the host sends it; "control" in front: as a writable mapping that is gone
 *
 * khugepaged is told never to rest. Prints "TIMES sent, N busy", and fails when anything else goes wrong. */
#include "guest/init/base/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/port.h"
#include "guest/init/files.h"
#include "guest/proto.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "/busy-program"
#define KHUGEPAGED "/sys/kernel/mm/transparent_hugepage/khugepaged/"

static void __attribute__((noreturn)) complain(const char *fmt, va_list ap)
{
	vfprintf(stderr, fmt, ap);
	fputs("\n", stderr);
	exit(1);
}

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
}

void port_failed(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
}

void port_send(enum proto_type type, const void *data, size_t n)
{
	(void)type;
	(void)data;
	(void)n;
}

const char *const *board_tray(uint32_t *pages)
{
	*pages = 0;
	return NULL;
}

/* A little of what the host takes to fill the pages. */
static void pause_a_moment(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static void as_sent(size_t size)
{
	struct {
		struct proto_file f;
		char path[sizeof PROGRAM - 1];
	} manifest = { .f = { .mode = 0755, .path_len = sizeof PROGRAM - 1, .size = size, .mtime_ns = PROTO_UNDATED } };

	memcpy(manifest.path, PROGRAM, sizeof manifest.path);
	files_make(&manifest, offsetof(typeof(manifest), path) + sizeof manifest.path);
	pause_a_moment();
	files_pushed();
}

static void as_control(size_t size)
{
	int fd = open(PROGRAM, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char *map = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || madvise(map, size, MADV_HUGEPAGE) < 0)
		die("control: %s", strerror(errno));
	close(fd);
	for (size_t at = 0; at < size; at += 4096)
		map[at] = 0;
	pause_a_moment();
	munmap(map, size);
}

/* An empty program is none, which is found out behind the question whether it may be run. */
static bool is_busy(void)
{
	char *argv[] = { PROGRAM, NULL };
	pid_t child = fork();
	int status;

	if (child == 0) {
		execve(PROGRAM, argv, argv + 1);
		_exit(errno == ETXTBSY ? 1 : errno == ENOEXEC ? 0 : 2);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) > 1)
		die("cannot try to run it");
	return WEXITSTATUS(status) == 1;
}

static void never_rest(const char *name, const char *value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, KHUGEPAGED "%s", name);
	f = fopen(path, "w");
	if (!f || fputs(value, f) < 0 || fclose(f) != 0)
		die("%s: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
	const struct sched_param as_init = { .sched_priority = 1 };
	bool control = argc == 4 && !strcmp(argv[1], "control");
	int times, busy = 0;
	size_t size;

	if (argc != 3 + control)
		die("guest-busy [control] TIMES MB");
	times = atoi(argv[1 + control]);
	size = (size_t)atoi(argv[2 + control]) << 20;
	never_rest("scan_sleep_millisecs", "0");
	never_rest("alloc_sleep_millisecs", "0");
	never_rest("pages_to_scan", "100000");
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &as_init);
	if (control && mount(NULL, "/", NULL, MS_REMOUNT, "huge=advise") < 0)
		die("huge pages: %s", strerror(errno));
	for (int i = 0; i < times; i++) {
		unlink(PROGRAM);
		(control ? as_control : as_sent)(size);
		busy += is_busy();
	}
	printf("%d sent, %d busy\n", times, busy);
	return 0;
}
