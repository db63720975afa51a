/* hashes.c: what we know about files, found by who they are (struct identity).
 *
 * The first line of a table is "ktstr hashes 3 {boot}": which boot of the machine wrote it last. Another one is
 *   {kind} {device} {inode} {size} {mtime} {ctime} {day} {value}
 * with times in nanoseconds and day the last one (since 1970) on which somebody asked. Kinds: "content", a file's
 * digest; "stored", the same for a result of the store, whose ctime is not looked at, which holds in that boot only;
 * "answer", a question's hash and what the program said. A table that is not exactly this is dropped whole. */
#include "store/hashes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "host/boot_id.h"
#include "store/digest.h"

#define HEAD "ktstr hashes 3 "

enum { TABLE_MAX = 256 << 20, ASKED_AGAIN_DAYS = 7, FORGET_DAYS = 60, TRIES = 3 };
static const int64_t second = 1000000000, racy = 50 * 1000000;

enum kind { CONTENT, STORED, ANSWER, N_KINDS };
static const char *const kind_name[N_KINDS] = { "content", "stored", "answer" };

struct identity {
	uint64_t dev, ino, size;
	int64_t mtime, ctime; /* ns */
};

struct fact {
	struct identity id;
	enum kind kind;
	uint32_t day;
	bool fresh;        /* not in the file on disk like this */
	const char *value; /* in a table's text, or own */
	char *own;
};

struct table {
	char *text;
	struct fact *v;
	size_t n, cap;
	uint32_t *slot; /* open addressing: index into v plus one, 0 free */
	size_t slots;   /* power of two, more than n */
};

struct hashes {
	struct table t;
	char *path, *boot;
	uint32_t today;
	unsigned hits;
	bool dirty;
};

static int64_t ns(struct timespec t)
{
	return (int64_t)t.tv_sec * second + t.tv_nsec;
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return ns(t);
}

static struct identity identify(const struct stat *st)
{
	return (struct identity){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = ns(st->st_mtim),
		.ctime = ns(st->st_ctim),
	};
}

static bool same_identity(const struct identity *a, const struct identity *b, bool ctime)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->mtime == b->mtime &&
	       (!ctime || a->ctime == b->ctime);
}

/* One file has one fact about its content and one per question. */
static bool same_subject(const struct fact *a, const struct fact *b)
{
	if (a->id.dev != b->id.dev || a->id.ino != b->id.ino || (a->kind == ANSWER) != (b->kind == ANSWER))
		return false;
	return a->kind != ANSWER || memcmp(a->value, b->value, KEY_LEN) == 0;
}

static size_t first_slot(const struct table *t, const struct identity *id)
{
	return ((id->ino ^ id->dev << 32) * 0x9e3779b97f4a7c15u >> 20) & (t->slots - 1);
}

/* The slot of f's subject, or the free one where it belongs. */
static uint32_t *find_slot(const struct table *t, const struct fact *f)
{
	size_t i = first_slot(t, &f->id);

	while (t->slot[i] && !same_subject(&t->v[t->slot[i] - 1], f))
		i = (i + 1) & (t->slots - 1);
	return &t->slot[i];
}

static void grow(struct table *t)
{
	t->cap = t->cap ? 2 * t->cap : 256;
	t->v = xreallocarray(t->v, t->cap, sizeof(*t->v));
	free(t->slot);
	t->slots = 2 * t->cap;
	t->slot = xcalloc(t->slots, sizeof(*t->slot));
	for (size_t i = 0; i < t->n; i++)
		*find_slot(t, &t->v[i]) = (uint32_t)i + 1;
}

/* Takes f over, in place of what was known on its subject. */
static void put(struct table *t, struct fact f)
{
	uint32_t *slot;

	if (t->n == t->cap)
		grow(t);
	slot = find_slot(t, &f);
	if (*slot) {
		free(t->v[*slot - 1].own);
		t->v[*slot - 1] = f;
	} else {
		t->v[t->n++] = f;
		*slot = (uint32_t)t->n;
	}
}

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].own);
	free(t->v);
	free(t->slot);
	free(t->text);
	*t = (struct table){ 0 };
}

/* A source tree's table has half a million of them. */
static bool read_number(char **p, uint64_t max, uint64_t *out)
{
	char *c = *p;
	uint64_t n = 0;

	if (*c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, (uint64_t)(*c - '0'), &n))
			return false;
	if (*c != ' ' || n > max)
		return false;
	*p = c + 1;
	*out = n;
	return true;
}

static bool read_kind(char **p, enum kind *kind)
{
	char *word = strsep(p, " ");

	for (*kind = 0; *kind < N_KINDS; (*kind)++)
		if (strcmp(word, kind_name[*kind]) == 0)
			return *p; /* NULL: the line has nothing else */
	return false;
}

static bool value_fits(enum kind kind, const char *value)
{
	if (strspn(value, "0123456789abcdef") < KEY_LEN)
		return false;
	return kind == ANSWER ? value[KEY_LEN] == ' ' : !value[KEY_LEN];
}

/* line is ended by NUL and outlives the fact. */
static bool read_fact(char *line, struct fact *f)
{
	uint64_t mtime, ctime, day;
	char *p = line;

	*f = (struct fact){ 0 };
	if (!read_kind(&p, &f->kind) || !read_number(&p, UINT64_MAX, &f->id.dev) ||
	    !read_number(&p, UINT64_MAX, &f->id.ino) || !read_number(&p, UINT64_MAX, &f->id.size) ||
	    !read_number(&p, INT64_MAX, &mtime) || !read_number(&p, INT64_MAX, &ctime) ||
	    !read_number(&p, UINT32_MAX, &day))
		return false;
	f->id.mtime = (int64_t)mtime;
	f->id.ctime = (int64_t)ctime;
	f->day = (uint32_t)day;
	f->value = p;
	return value_fits(f->kind, p);
}

/* What a power failure left of a file can be as large and as old as it was. */
static bool read_facts(struct table *t, const char *boot, char *text, size_t n)
{
	char *end = text + n, *first = memchr(text, '\n', n);
	bool same;

	if (!first || (size_t)(first - text) < strlen(HEAD) || memcmp(text, HEAD, strlen(HEAD)) != 0)
		return false;
	*first = '\0';
	same = !strcmp(text + strlen(HEAD), boot);
	for (char *line = first + 1; line < end;) {
		char *stop = memchr(line, '\n', (size_t)(end - line));
		struct fact f;

		if (!stop)
			return false;
		*stop = '\0';
		if (!read_fact(line, &f))
			return false;
		if (same || f.kind != STORED)
			put(t, f);
		line = stop + 1;
	}
	return true;
}

static void table_load(struct table *t, const char *path, const char *boot)
{
	struct err ignored;
	size_t n;

	*t = (struct table){ 0 };
	if (file_read(AT_FDCWD, path, TABLE_MAX, &t->text, &n, &ignored) == 0 && !read_facts(t, boot, t->text, n))
		table_free(t);
	if (!t->cap)
		grow(t);
}

int hashes_open(struct hashes **h, const char *root, const char *scope, struct err *e)
{
	auto_free char *dir = xasprintf("%s/hashes", root);
	struct hashes *new;

	if (strchr(scope, '/') || *scope == '.' || !*scope)
		return err_set(e, X_FAIL, "\"%s\" cannot name a table of hashes", scope);
	if (mkdir_p(AT_FDCWD, dir, 0777, e) < 0)
		return err_as(e, X_STORE, "hashes");
	new = xcalloc(1, sizeof(*new));
	new->path = xasprintf("%s/%s", dir, scope);
	new->today = (uint32_t)(now_ns() / second / (24 * 60 * 60));
	new->boot = boot_id_or_none();
	table_load(&new->t, new->path, new->boot);
	*h = new;
	return 0;
}

/* What is known on the subject of f, if it is still about the same file. */
static const struct fact *recall(struct hashes *h, const struct fact *f)
{
	uint32_t slot = *find_slot(&h->t, f);
	struct fact *known = slot ? &h->t.v[slot - 1] : NULL;

	if (!known || !same_identity(&known->id, &f->id, known->kind != STORED))
		return NULL;
	if (known->day + ASKED_AGAIN_DAYS < h->today) {
		known->day = h->today;
		known->fresh = h->dirty = true;
	}
	return known;
}

static void remember(struct hashes *h, struct fact f, const char *value)
{
	if (f.id.mtime < 0 || f.id.ctime < 0)
		return;
	f.day = h->today;
	f.fresh = true;
	f.value = f.own = xstrdup(value);
	put(&h->t, f);
	h->dirty = true;
}

/* The file could change again without its times showing it: they advance by ticks of up to 10 ms, and on some file
 * systems by whole seconds. */
static bool settled(const struct identity *id, int64_t now)
{
	return now - id->ctime >= racy && (id->ctime % second || now - id->ctime >= 2 * second);
}

static int hash_once(struct hashes *h, int dir, const char *path, char *hex, uint64_t *size, struct err *e)
{
	auto_close int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat before, after;
	int64_t now = now_ns();

	if (fd < 0 || fstat(fd, &before) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(before.st_mode))
		return err_set(e, X_NO_INPUT, "%s is not a regular file", path);
	if (digest_fd(fd, path, hex, size, e) < 0)
		return -1;
	if (fstat(fd, &after) < 0)
		return err_sys(e, "stat %s", path);

	struct fact f = { .id = identify(&before), .kind = CONTENT };
	struct identity then = identify(&after);
	if (!same_identity(&f.id, &then, true))
		return 1;
	if (settled(&f.id, now))
		remember(h, f, hex);
	return 0;
}

bool hashes_known(struct hashes *h, const struct stat *st, char *hex)
{
	struct fact f = { .id = identify(st), .kind = CONTENT };
	const struct fact *known = S_ISREG(st->st_mode) ? recall(h, &f) : NULL;

	if (!known)
		return false;
	memcpy(hex, known->value, KEY_LEN + 1);
	h->hits++;
	return true;
}

int hashes_file(struct hashes *h, int dir, const char *path, char *hex, uint64_t *size, struct err *e)
{
	struct stat st;
	int rc = 1;

	if (fstatat(dir, path, &st, 0) < 0) {
		err_sys(e, "open %s", path);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (hashes_known(h, &st, hex)) {
		if (size)
			*size = (uint64_t)st.st_size;
		return 0;
	}
	for (int i = 0; rc == 1 && i < TRIES; i++)
		rc = hash_once(h, dir, path, hex, size, e);
	if (rc == 1)
		return err_set(e, X_NO_INPUT, "%s is being written while we read it", path);
	if (rc < 0 && e->code == X_FAIL)
		e->code = X_NO_INPUT;
	return rc < 0 ? -1 : 0;
}

void hashes_learn(struct hashes *h, int dir, const char *path, const char *hex)
{
	struct stat st;

	if (fstatat(dir, path, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return;
	struct fact f = { .id = identify(&st), .kind = st.st_mode & 0222 ? CONTENT : STORED };
	const struct fact *known = recall(h, &f);
	if (!known || known->kind != f.kind || strcmp(known->value, hex) != 0)
		remember(h, f, hex);
}

/* Whether the program file itself is what answers: an ELF file under its own and only name. */
static bool speaks_for_itself(const char *program, struct stat *st)
{
	auto_free char *real = realpath(program, NULL);
	auto_close int fd = real ? open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	const char *called = strrchr(program, '/'), *named = real ? strrchr(real, '/') : NULL;
	char magic[4];

	if (fd < 0 || fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || st->st_nlink != 1)
		return false;
	if (strcmp(called ? called + 1 : program, named + 1) != 0)
		return false;
	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && memcmp(magic, "\177ELF", sizeof(magic)) == 0;
}

static bool about_program(const char *program, const char *question, char *hex, struct fact *f)
{
	struct stat st;

	if (!speaks_for_itself(program, &st))
		return false;
	hash_hex(question, strlen(question), hex);
	*f = (struct fact){ .id = identify(&st), .kind = ANSWER, .value = hex };
	return true;
}

char *hashes_recall(struct hashes *h, const char *program, const char *question)
{
	char hex[KEY_LEN + 1];
	const struct fact *known;
	struct fact f;

	if (!about_program(program, question, hex, &f))
		return NULL;
	known = recall(h, &f);
	if (!known)
		return NULL;
	h->hits++;
	return xstrdup(known->value + KEY_LEN + 1);
}

void hashes_remember(struct hashes *h, const char *program, const char *question, const char *answer)
{
	char hex[KEY_LEN + 1];
	struct fact f;

	if (strchr(answer, '\n') || !about_program(program, question, hex, &f) || !settled(&f.id, now_ns()))
		return;
	auto_free char *value = xasprintf("%s %s", hex, answer);
	remember(h, f, value);
}

unsigned hashes_hits(const struct hashes *h)
{
	return h->hits;
}

static void write_fact(FILE *f, const struct fact *k)
{
	fprintf(f, "%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu32 " %s\n",
		kind_name[k->kind], k->id.dev, k->id.ino, k->id.size, k->id.mtime, k->id.ctime, k->day, k->value);
}

/* Others may have learnt something since we read the table: what is there now, and what we learnt. */
static void save(struct hashes *h)
{
	auto_draft struct draft d = { 0 };
	struct table now;
	struct err ignored;

	if (draft_open(&d, AT_FDCWD, h->path, &ignored) < 0)
		return;
	table_load(&now, h->path, h->boot);
	for (size_t i = 0; i < h->t.n; i++)
		if (h->t.v[i].fresh) {
			put(&now, h->t.v[i]);
			h->t.v[i].own = NULL;
		}
	fprintf(d.f, HEAD "%s\n", h->boot);
	for (size_t i = 0; i < now.n; i++)
		if (now.v[i].day + FORGET_DAYS >= h->today)
			write_fact(d.f, &now.v[i]);
	(void)draft_publish(&d, h->path, false, &ignored);
	table_free(&now);
}

void hashes_close(struct hashes *h)
{
	if (!h)
		return;
	if (h->dirty)
		save(h);
	table_free(&h->t);
	free(h->boot);
	free(h->path);
	free(h);
}
