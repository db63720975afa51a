#include "guest/pack.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/payload.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define MAGIC "ktstr pack 2\n"
#define HEAD_MAX (1u << 20)
#define PAGE 4096u

static uint64_t page_up(uint64_t n)
{
	return (n + PAGE - 1) / PAGE * PAGE;
}

/* The header names offsets that depend on its own length: it is padded to pages, and the length found by trying. */
static char *head(const struct payload *p, uint64_t first, size_t *n)
{
	auto_free char *text = NULL;
	FILE *f = xmemstream(&text, n);
	uint64_t at = first;

	fputs(MAGIC, f);
	for (size_t i = 0; i < p->n; i++) {
		const struct payload_file *file = &p->v[i];

		if (file->target) {
			fprintf(f, "link %s\t%s\n", file->target, file->guest);
			continue;
		}
		fprintf(f, "%o %" PRIu64 " %" PRIu64 " ", file->mode & 07777, file->size, at);
		if (file->dated)
			fprintf(f, "%lld.%09ld", (long long)file->mtime.tv_sec, file->mtime.tv_nsec);
		else
			fputc('-', f);
		fprintf(f, " %s\n", file->guest);
		at += page_up(file->size);
	}
	fputc('\n', f);
	fclose(f);
	return TAKE(text);
}

static int content(int fd, const struct payload_file *file, uint64_t at, struct err *e)
{
	auto_close int in = open(file->host, O_RDONLY | O_CLOEXEC);
	auto_free char *buf = xmalloc(1 << 20);
	uint64_t done = 0;

	if (in < 0)
		return err_sys(e, "open %s", file->host);
	while (done < file->size) {
		size_t want = file->size - done < 1 << 20 ? (size_t)(file->size - done) : 1 << 20;
		ssize_t got = pread(in, buf, want, (off_t)(file->offset + done));

		if (got <= 0)
			return got < 0 ? err_sys(e, "read %s", file->host)
				       : err_set(e, X_FAIL, "%s became shorter while it was read", file->host);
		if (pwrite(fd, buf, (size_t)got, (off_t)(at + done)) != got)
			return err_sys(e, "write payload");
		done += (uint64_t)got;
	}
	return 0;
}

int pack_write(int dir, const char *name, const struct payload *p, struct err *e)
{
	size_t n = 0;
	auto_free char *text = head(p, PAGE, &n);
	uint64_t first = PAGE;

	while (page_up(n) > first) {
		first = page_up(n);
		free(text);
		text = head(p, first, &n);
	}
	if (n > HEAD_MAX)
		return err_set(e, X_BAD_SCHED, "the scheduler needs %zu files: too many to send", p->n);
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "create %s", name);
	if (write_all(fd, text, n, name, e) < 0)
		return -1;
	uint64_t at = first;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].target)
			continue;
		if (content(fd, &p->v[i], at, e) < 0)
			return -1;
		at += page_up(p->v[i].size);
	}
	return ftruncate(fd, (off_t)at) < 0 ? err_sys(e, "write payload") : 0;
}

/* "-" or "1700000000.000000000"; what is behind it, NULL when it is neither. */
static const char *parse_time(const char *text, struct payload_file *file)
{
	long long s;
	long ns;
	int used = 0;

	if (!strncmp(text, "- ", 2))
		return text + 2;
	if (sscanf(text, "%lld.%9ld %n", &s, &ns, &used) != 2 || !used || ns < 0)
		return NULL;
	file->dated = true;
	file->mtime = (struct timespec){ .tv_sec = s, .tv_nsec = ns };
	return text + used;
}

static int parse_line(const char *path, char *line, uint64_t total, struct payload_file *file, struct err *e)
{
	unsigned mode;
	int used = 0;
	char *tab;

	*file = (struct payload_file){ 0 };
	if (!strncmp(line, "link ", 5) && (tab = strchr(line, '\t'))) {
		*tab = '\0';
		file->target = xstrdup(line + 5);
		file->guest = xstrdup(tab + 1);
		return 0;
	}
	const char *name = NULL;

	if (sscanf(line, "%o %" SCNu64 " %" SCNu64 " %n", &mode, &file->size, &file->offset, &used) == 3 && used)
		name = parse_time(line + used, file);
	if (!name || *name != '/')
		return err_set(e, X_FAIL, "%s: damaged line '%.80s'", path, line);
	if (file->offset % PAGE || file->offset > total || file->size > total - file->offset)
		return err_set(e, X_FAIL, "%s: '%.80s' is outside of the file", path, line);
	file->mode = mode & 07777;
	file->host = xstrdup(path);
	file->guest = xstrdup(name);
	return 0;
}

int pack_open(struct payload *p, const char *path, struct err *e)
{
	auto_payload struct payload out = { 0 };
	auto_free char *text = xcalloc(HEAD_MAX + 1, 1);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	if (pread(fd, text, HEAD_MAX, 0) < 0)
		return err_sys(e, "read %s", path);
	char *end = strstr(text, "\n\n");

	if (strncmp(text, MAGIC, strlen(MAGIC)) != 0 || !end)
		return err_set(e, X_FAIL, "%s is not a payload pack", path);
	end[1] = '\0';
	char *save = NULL;

	for (char *line = strtok_r(text + strlen(MAGIC), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		out.v = xreallocarray(out.v, out.n + 1, sizeof(*out.v));
		if (parse_line(path, line, (uint64_t)st.st_size, &out.v[out.n++], e) < 0)
			return -1;
	}
	*p = out;
	out = (struct payload){ 0 };
	return 0;
}
