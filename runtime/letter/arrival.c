/* arrival.c: letters and their files as they come from elsewhere. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "letter/letter.h"

enum { LINE_MAX_BYTES = 80, RECIPE_MAX = 4 << 20, SEALED_FROM = 1 << 20 };

static int damaged(struct err *e)
{
	return err_set(e, X_BAD_ARCHIVE, "what came is no letter of a result");
}

static int wrong(const struct arriving *a, struct err *e)
{
	return err_set(e, X_CHECKSUM, "%.200s is not what the label says", a->file->name);
}

int arriving_begin(struct arriving *a, int dir, const struct label_file *f, struct err *e)
{
	const char *slash = strrchr(f->name, '/');

	*a = (struct arriving){ .file = f, .fd = -1, .sealed_later = !f->sparse && f->bytes >= SEALED_FROM };
	sha_begin(&a->sum);
	if (slash) {
		auto_free char *parent = xstrndup(f->name, (size_t)(slash - f->name));

		if (mkdir_p(dir, parent, 0777, e) < 0)
			return -1;
	}
	a->fd = openat(dir, f->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, f->program ? 0777 : 0666);
	return a->fd < 0 ? err_sys(e, "create %s", f->name) : 0;
}

static int put(const struct arriving *a, const void *data, size_t n, uint64_t at, struct err *e)
{
	for (const char *p = data; n;) {
		ssize_t put = pwrite(a->fd, p, n, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_sys(e, "write %s", a->file->name);
		p += put;
		n -= (size_t)put;
		at += (uint64_t)put;
	}
	return 0;
}

/* A run begins behind the one before, and ends in the file. */
static int begin_run(struct arriving *a, struct err *e)
{
	uint64_t head[2];

	memcpy(head, a->head, sizeof(head));
	uint64_t at = le64toh(head[0]), n = le64toh(head[1]);

	if (at < a->at || at > a->file->size || !n || n > a->file->size - at)
		return wrong(a, e);
	a->at = at;
	a->left = n;
	a->n_head = 0;
	return 0;
}

static int put_runs(struct arriving *a, const char *p, size_t n, struct err *e)
{
	while (n) {
		size_t part = sizeof(a->head) - a->n_head;

		if (a->left) {
			part = a->left < n ? (size_t)a->left : n;
			if (put(a, p, part, a->at, e) < 0)
				return -1;
			a->at += part;
			a->left -= part;
		} else {
			part = part < n ? part : n;
			memcpy(a->head + a->n_head, p, part);
			a->n_head += part;
			if (a->n_head == sizeof(a->head) && begin_run(a, e) < 0)
				return -1;
		}
		p += part;
		n -= part;
	}
	return 0;
}

int arriving_bytes(struct arriving *a, const void *data, size_t n, struct err *e)
{
	if (n > a->file->bytes - a->got)
		return wrong(a, e);
	if ((a->file->sparse ? put_runs(a, data, n, e) : put(a, data, n, a->got, e)) < 0)
		return -1;
	if (!a->sealed_later)
		sha_add(&a->sum, data, n);
	a->got += n;
	return 0;
}

int arriving_end(struct arriving *a, struct err *e)
{
	char hex[KEY_LEN + 1];
	int fd = TAKE_FD(a->fd);
	int rc = 0;

	sha_end(&a->sum, hex);
	if (a->got != a->file->bytes || a->left || a->n_head || (!a->sealed_later && strcmp(hex, a->file->blob) != 0))
		rc = wrong(a, e);
	else if (a->file->sparse && ftruncate(fd, (off_t)a->file->size) < 0)
		rc = err_sys(e, "write %s", a->file->name);
	close(fd);
	return rc;
}

void arriving_drop(struct arriving *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

bool arrival_elsewhere(const struct arrival *a, size_t i)
{
	return a->label.v[i].bytes > a->limit;
}

static int take_line(struct arrival *a, struct err *e)
{
	unsigned long long want, limit;
	int end = 0;

	if (sscanf(a->text, "ktstr letter 1 %llu %llu%n", &want, &limit, &end) != 2 || a->text[end] != '\n' || !want ||
	    want > LABEL_MAX || strchr(a->text, '-') || strchr(a->text, '+'))
		return damaged(e);
	a->want = (size_t)want;
	a->limit = limit;
	a->n = 0;
	a->state = ARRIVAL_LABEL;
	return 0;
}

static int check_mac(const struct arrival *a, struct err *e)
{
	char hex[KEY_LEN + 1];

	if (!a->secret)
		return 0;
	hash_mac(a->secret, a->text, a->label.covered, hex);
	/* Comparing in a time that says nothing is for those who can ask again and again with other bytes: not here. */
	if (strcmp(hex, a->label.mac) != 0)
		return err_set(e, X_CHECKSUM, "the label has %s HMAC", *a->label.mac ? "a wrong" : "no");
	return 0;
}

static int take_label(struct arrival *a, struct err *e)
{
	if (label_parse(&a->label, a->text, a->n, e) < 0 || check_mac(a, e) < 0)
		return -1;
	if (strcmp(a->label.key, a->key) != 0)
		return err_set(e, X_CHECKSUM, "the label is of another result");
	if (a->label.recipe > RECIPE_MAX)
		return damaged(e);
	a->recipe_left = a->label.recipe;
	sha_begin(&a->recipe_sum);
	a->n = 0;
	if (a->keep_recipe)
		a->recipe = xmalloc(a->recipe_left + 1);
	a->state = ARRIVAL_RECIPE;
	return 0;
}

/* Begins the next file that is inside. Empty ones have no bytes to end with. */
static int next_file(struct arrival *a, struct err *e)
{
	for (; a->index < a->label.n; a->index++) {
		if (arrival_elsewhere(a, a->index))
			continue;
		if (arriving_begin(&a->file, a->dir, &a->label.v[a->index], e) < 0)
			return -1;
		if (a->label.v[a->index].bytes)
			return 0;
		if (arriving_end(&a->file, e) < 0)
			return -1;
	}
	return 0;
}

/* A result's key is the hash of its recipe. */
static int end_recipe(struct arrival *a, struct err *e)
{
	char hex[KEY_LEN + 1];

	if (a->recipe_left)
		return 0;
	sha_end(&a->recipe_sum, hex);
	if (strcmp(hex, a->key) != 0)
		return err_set(e, X_CHECKSUM, "the recipe is that of another result");
	if (a->recipe)
		a->recipe[a->label.recipe] = '\0';
	a->state = ARRIVAL_FILES;
	return next_file(a, e);
}

/* Bytes taken, or negative. */
static ssize_t take_text(struct arrival *a, const char *p, size_t n, struct err *e)
{
	const char *end = a->state == ARRIVAL_LINE ? memchr(p, '\n', n) : NULL;
	size_t most = a->state == ARRIVAL_LINE ? LINE_MAX_BYTES - a->n : a->want - a->n;
	size_t part = end ? (size_t)(end - p) + 1 : n;

	if (a->state == ARRIVAL_LINE && part > most)
		return damaged(e);
	part = part < most ? part : most;
	a->text = xreallocarray(a->text, a->n + part + 1, 1);
	memcpy(a->text + a->n, p, part);
	a->n += part;
	a->text[a->n] = '\0';
	if (end && take_line(a, e) < 0)
		return -1;
	if (a->state == ARRIVAL_LABEL && a->n == a->want && (take_label(a, e) < 0 || end_recipe(a, e) < 0))
		return -1;
	return (ssize_t)part;
}

static ssize_t take_recipe(struct arrival *a, const char *p, size_t n, struct err *e)
{
	size_t part = a->recipe_left < n ? (size_t)a->recipe_left : n;

	sha_add(&a->recipe_sum, p, part);
	if (a->recipe)
		memcpy(a->recipe + (a->label.recipe - a->recipe_left), p, part);
	a->recipe_left -= part;
	return end_recipe(a, e) < 0 ? -1 : (ssize_t)part;
}

static ssize_t take_file(struct arrival *a, const char *p, size_t n, struct err *e)
{
	uint64_t left;
	size_t part;

	if (a->index == a->label.n)
		return damaged(e);
	left = a->file.file->bytes - a->file.got;
	part = left < n ? (size_t)left : n;
	if (arriving_bytes(&a->file, p, part, e) < 0)
		return -1;
	if (part < left)
		return (ssize_t)part;
	a->index++;
	return arriving_end(&a->file, e) < 0 || next_file(a, e) < 0 ? -1 : (ssize_t)part;
}

int arrival_bytes(struct arrival *a, const void *data, size_t n, struct err *e)
{
	for (const char *p = data; n;) {
		ssize_t took = a->state == ARRIVAL_RECIPE  ? take_recipe(a, p, n, e)
			       : a->state == ARRIVAL_FILES ? take_file(a, p, n, e)
							   : take_text(a, p, n, e);

		if (took < 0)
			return -1;
		p += took;
		n -= (size_t)took;
	}
	return 0;
}

int arrival_end(struct arrival *a, struct err *e)
{
	return a->state == ARRIVAL_FILES && a->index == a->label.n ? 0 : damaged(e);
}

void arrival_drop(struct arrival *a)
{
	arriving_drop(&a->file);
	label_free(&a->label);
	free(TAKE(a->text));
	free(TAKE(a->recipe));
}
