#include "system/procstat.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Behind the name, which may hold anything: "4711 (a) b) T 1 4711 …". */
static bool take(const char *text, struct procstat *p)
{
	const char *end = strrchr(text, ')');
	unsigned long long user, system;
	int group;

	if (!end || sscanf(end + 1, " %c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &p->state, &group, &user,
			   &system) != 4)
		return false;
	p->group = group;
	p->ticks = user + system;
	return true;
}

bool procstat_read(pid_t pid, struct procstat *p)
{
	char path[64], text[1024];
	ssize_t n = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
	}
	if (n <= 0)
		return false;
	text[n] = '\0';
	return take(text, p);
}
