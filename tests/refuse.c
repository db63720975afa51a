/* refuse ENOSYS|EPERM|EINVAL NAME… -- PROGRAM ARG…: runs it where those system calls are refused. */
#include <stdio.h>
#include <unistd.h>

#include "refuse.h"

int main(int argc, char **argv)
{
	int with = argc < 2 ? 0 : !strcmp(argv[1], "EPERM") ? EPERM : !strcmp(argv[1], "EINVAL") ? EINVAL : ENOSYS;
	int i = 2;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (refuse(argv[i], with) < 0) {
			perror(argv[i]);
			return 125;
		}
	}
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: refuse ENOSYS|EPERM|EINVAL NAME... -- PROGRAM ARG...\n");
		return 125;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
