/* guest-costs.c: what a kernel takes for switching tasks and for making them, for docs/performance.md. In virtual time its
 * figures are exact: an instruction is 2 ns.
 *
 *   guest-costs [ROUNDS]    prints nanoseconds of a byte to another process and back, and of fork, exit and wait */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 20000, FORKS = 300 };

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		if (write(out, &byte, 1) != 1)
			_exit(1);
	_exit(0);
}

static int there_and_back(int rounds)
{
	int there[2], back[2];
	char byte = 0;

	if (pipe(there) < 0 || pipe(back) < 0)
		return -1;
	pid_t child = fork();

	if (child < 0)
		return -1;
	if (child == 0) {
		close(there[1]);
		echo(there[0], back[1]);
	}
	long long start = now_ns();

	for (int i = 0; i < rounds; i++)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			return -1;
	printf("there and back: %lld ns\n", (now_ns() - start) / rounds);
	close(there[1]);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

static int forks(void)
{
	long long start = now_ns();

	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return -1;
	}
	printf("fork, exit and wait: %lld ns\n", (now_ns() - start) / FORKS);
	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;

	if (rounds > 0 && there_and_back(rounds) == 0 && forks() == 0)
		return 0;
	perror("guest-costs");
	return 1;
}
