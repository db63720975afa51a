/* rusage.c: rusage RUNS COMMAND…: what the command takes from start to exit: medians of wall clock seconds, CPU seconds (user and
 * system) and peak memory in MiB, on one line. One run more is not counted. Its stdout goes to /dev/null. */
#include "base/mem.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { WALL, CPU, PEAK, FIGURES };

static double seconds(long s, long us)
{
	return (double)s + (double)us / 1e6;
}

static int run(char **command, double *figures)
{
	struct timespec from, to;
	struct rusage u;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		if (null >= 0)
			dup2(null, STDOUT_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &u) < 0 || status != 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &to);
	figures[WALL] = seconds(to.tv_sec - from.tv_sec, (to.tv_nsec - from.tv_nsec) / 1000);
	figures[CPU] = seconds(u.ru_utime.tv_sec + u.ru_stime.tv_sec, u.ru_utime.tv_usec + u.ru_stime.tv_usec);
	figures[PEAK] = (double)u.ru_maxrss / 1024;
	return 0;
}

static int order(const void *va, const void *vb)
{
	double a = *(const double *)va, b = *(const double *)vb;

	return (a > b) - (a < b);
}

static double median(double (*runs)[FIGURES], int n, int figure, double *room)
{
	for (int i = 0; i < n; i++)
		room[i] = runs[i][figure];
	qsort(room, (size_t)n, sizeof(*room), order);
	return room[n / 2];
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0;

	if (n < 1 || n > 1000) {
		fprintf(stderr, "usage: rusage RUNS COMMAND...\n");
		return 2;
	}
	auto_free double(*runs)[FIGURES] = xcalloc((size_t)n + 1, sizeof(*runs));
	auto_free double *room = xcalloc((size_t)n, sizeof(*room));

	for (int i = 0; i <= n; i++) {
		if (run(argv + 2, runs[i]) < 0) {
			fprintf(stderr, "rusage: %s failed\n", argv[2]);
			return 1;
		}
	}
	printf("%9.3f %9.3f %9.1f\n", median(runs + 1, n, WALL, room), median(runs + 1, n, CPU, room),
	       median(runs + 1, n, PEAK, room));
	return 0;
}
