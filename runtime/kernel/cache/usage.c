#include "kernel/cache/usage.h"

#include "base/mem.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#define MARK ".used"

struct kernel_usage kernel_usage(const char *dir)
{
	struct kernel_usage u = { 0 };
	DIR *d = opendir(dir);
	struct stat st;

	if (!d)
		return u;
	for (const struct dirent *ent; (ent = readdir(d));) {
		if (fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		u.bytes += (uint64_t)st.st_size;
		if (!strcmp(ent->d_name, MARK))
			u.used = st.st_mtime;
	}
	closedir(d);
	return u;
}

void kernel_mark_used(const char *dir)
{
	auto_free char *mark = xasprintf("%s/" MARK, dir);
	auto_close int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);

	if (fd >= 0)
		(void)futimens(fd, NULL); /* a list without that time is no reason to stop */
}
