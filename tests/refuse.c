/* refuse ENOSYS|EPERM|EACCES|EINVAL NAME… -- PROGRAM ARG…: runs it where those system calls are refused. */
#include <stdio.h>
#include <unistd.h>

#include "refuse.h"

int main(int argc, char **argv)
{
	const char *word = argc < 2 ? "" : argv[1];
	int with = !strcmp(word, "EPERM")    ? EPERM
		   : !strcmp(word, "EACCES") ? EACCES
		   : !strcmp(word, "EINVAL") ? EINVAL
					     : ENOSYS;
	int i = 2;

	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (refuse(argv[i], with) < 0) {
			perror(argv[i]);
			return 125;
		}
	}
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: refuse ENOSYS|EPERM|EACCES|EINVAL NAME... -- PROGRAM ARG...\n");
		return 125;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
