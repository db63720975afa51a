#include "base/room.h"

#include <sys/statvfs.h>

static bool room_of(const struct statvfs *fs, uint64_t *bytes)
{
	*bytes = (uint64_t)fs->f_bavail * fs->f_frsize;
	return fs->f_blocks != 0;
}

bool room_at(const char *path, uint64_t *bytes)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 && room_of(&fs, bytes);
}

bool room_fd(int fd, uint64_t *bytes)
{
	struct statvfs fs;

	return fstatvfs(fd, &fs) == 0 && room_of(&fs, bytes);
}
