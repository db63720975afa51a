/* place.h: a folder for targets that make files: in memory where there is such a place, and gone at the end. */
#pragma once
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char *place;

static void place_leave(void)
{
	struct err e;

	(void)rmtree(AT_FDCWD, place, &e);
}

static inline void place_make(const char *name)
{
	struct err e;

	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 1);
	place = tmpdir_make(name, &e);
	MUST(place);
	atexit(place_leave);
}

/* A path in it; the caller's. */
static inline char *place_path(const char *name)
{
	return xasprintf("%s/%s", place, name);
}

static inline void place_put(const char *name, const void *data, size_t n)
{
	auto_free char *path = place_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0 && write(fd, data, n) == (ssize_t)n && close(fd) == 0);
}

/* A new folder in it, open. */
static inline int place_folder(const char *name)
{
	auto_free char *path = place_path(name);

	MUST(mkdir(path, 0755) == 0);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(dir >= 0);
	return dir;
}

/* Everything below the folder, however deep; no link is followed. Returns how many there are. look may be NULL. */
static inline unsigned place_walk(const char *path, void (*look)(const char *path, const struct stat *st))
{
	DIR *d = opendir(path);
	const struct dirent *ent;
	unsigned n = 0;

	MUST(d);
	while ((ent = readdir(d))) {
		auto_free char *below = xasprintf("%s/%s", path, ent->d_name);
		struct stat st;

		if (!strcmp(ent->d_name, ".") || !strcmp(ent->d_name, ".."))
			continue;
		MUST(lstat(below, &st) == 0);
		if (look)
			look(below, &st);
		n++;
		if (S_ISDIR(st.st_mode))
			n += place_walk(below, look);
	}
	closedir(d);
	return n;
}

/* Takes the folder of that name away; nothing but it has appeared in the place since only others were there. */
static inline void place_clear(const char *name, unsigned others)
{
	auto_free char *path = place_path(name);
	struct err e;

	MUST(rmtree(AT_FDCWD, path, &e) == 0 && place_walk(place, NULL) == others);
}

/* The input for what reads by calls: all of it at once, and then its end. */
struct place_bytes {
	const uint8_t *p;
	size_t n;
};

static inline int place_read(void *arg, const void **data, size_t *n, struct err *e)
{
	struct place_bytes *b = arg;

	(void)e;
	*data = b->p;
	*n = b->n;
	b->n = 0;
	return 0;
}
