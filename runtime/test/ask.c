#include "test/ask.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "coverage/coverage.h"
#include "process/spawn.h"
#include "test/check.h"
#include "test/compose.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."
#define HASH_OF_NOTHING 0xcbf29ce484222325u
enum { HOLD_TRIES = 1000, HOLD_US = 10000 /* between them: for "cache gc" to take a folder away */ };
enum { NAME_SHOWN = 60, PROFILE_SHOWN = 40 /* names of files have 255 bytes, and a test's has up to 128 of them */ };

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *program_at(char *path)
{
	char *real = is_program(path) ? realpath(path, NULL) : NULL;

	free(path);
	return real;
}

/* The folder of the file that this code is in: the shared library, or the program with the static one in it. Caller frees; NULL: not known. */
static char *own_folder(void)
{
	Dl_info i;
	char *real = dladdr((const void *)own_folder, &i) && i.dli_fname ? realpath(i.dli_fname, NULL) : NULL;

	if (real)
		*strrchr(real, '/') = '\0';
	return real;
}

static char *find_ktstr(struct err *e)
{
	const char *said = getenv("KTSTR");
	auto_free char *here = own_folder();
	char *path = NULL;

	if (said && *said) {
		path = program_at(xstrdup(said));
		if (!path)
			err_set(e, X_NO_TOOL, "KTSTR names %s, which is no program", said);
		return path;
	}
	if (here && !(path = program_at(xasprintf("%s/ktstr", here))))
		path = program_at(xasprintf("%s/../bin/ktstr", here));
	if (!path)
		path = spawn_find("ktstr");
	if (!path)
		err_set(e, X_NO_TOOL, "ktstr, which runs tests, is not in PATH: install it, or name it in KTSTR");
	return path;
}

char *ask_scheduler(const struct declared *d, struct err *e)
{
	const char *name = d->s.binary, *said = getenv("KTSTR_SCHEDULER");
	auto_free char *self = self_dir(e);
	size_t n = self ? strlen(self) : 0;
	char *path = NULL;

	if (strchr(name, '/')) {
		path = program_at(xstrdup(name));
		return path ? path : (err_set(e, X_NO_INPUT, "scheduler not found: %s", name), declared_in(d, e), NULL);
	}
	if (said && *said && (path = program_at(xstrdup(said))))
		return path;
	if (self && !(path = program_at(xasprintf("%s/%s", self, name))) && n > 5 && !strcmp(self + n - 5, "/deps"))
		path = program_at(xasprintf("%.*s/%s", (int)n - 5, self, name));
	if (!path && !(path = program_at(xasprintf("target/debug/%s", name))) &&
	    !(path = program_at(xasprintf("target/release/%s", name))))
		path = spawn_find(name);
	if (path)
		return path;
	err_set(e, X_NO_INPUT,
		"scheduler '%s' not found. Set KTSTR_SCHEDULER or place it next to the test binary, in target/{debug,release}/ or in PATH",
		name);
	declared_in(d, e);
	return NULL;
}

/* FNV-1a, of s behind what h is of. Where two are equal, texts are mixed up only when they are written at the same time. */
static unsigned long long hash_of(unsigned long long h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return h;
}

/* What may stand in any path. */
static void short_name(char name[NAME_SHOWN + 1], const char *whole)
{
	size_t i = 0;

	for (; whole[i] && i < NAME_SHOWN; i++)
		name[i] = strchr(NAME_CHARACTERS, whole[i]) ? whole[i] : '_';
	name[i] = '\0';
}

/* Of all texts of this program with that scheduler, or NULL. Who tries two schedulers side by side runs neither's text with the other.
 * Caller frees. */
static char *texts_folder(const char *binary, struct err *e)
{
	auto_free char *store = cache_path("KTSTR_STORE", "store", e), *self = realpath("/proc/self/exe", NULL);

	if (!store)
		return NULL;
	if (!self) {
		err_sys(e, "find our own program: /proc/self/exe");
		return NULL;
	}
	char name[NAME_SHOWN + 1];

	short_name(name, strrchr(self, '/') + 1);
	unsigned long long h = hash_of(hash_of(HASH_OF_NOTHING, self), binary ? binary : "");
	return xasprintf("%s/texts/%s-%016llx", store, name, h);
}

static bool same_folder(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Makes it, says by its time that it is used, and keeps "cache gc" from taking it away while *lock is open: here, or in the ktstr
 * that takes our place, so that an exec must not close it. */
static int hold_folder(int *lock, const char *path, struct err *e)
{
	for (int tries = 0; tries < HOLD_TRIES; tries++) {
		if (mkdir_p(AT_FDCWD, path, 0777, e) < 0)
			return err_as(e, X_STORE, "a place for the texts of tests");
		*lock = open(path, O_RDONLY | O_DIRECTORY);
		/* Where there are no locks nothing can be held. */
		if (*lock >= 0 && (flock(*lock, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
		    same_folder(*lock, path)) {
			(void)!futimens(*lock, NULL); /* another user's: it goes by when it was last written to */
			return 0;
		}
		drop_close_(lock);
		usleep(HOLD_US);
	}
	return err_set(e, X_STORE, "%s: it is being removed; is a \"cache gc\" stuck?", path);
}

static int write_flags(char **path, const char *folder, const struct declared *d, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	flags_write(f, &d->flags);
	fclose(f);
	*path = xasprintf("%s/%s.flags", folder, d->name);
	return file_write(AT_FDCWD, *path, text, n, e);
}

/* Bodies make another text for each preset and profile. Caller frees. */
static char *text_name(const struct variant *v)
{
	const char *profile = v->profile ? v->profile : PROFILE_DEFAULT, *on = v->preset ? v->preset->name : "own";
	auto_free char *base = v->preset ? NULL : variant_base_profile(v->d);

	if (!v->preset && (!v->profile || !strcmp(base ? base : PROFILE_DEFAULT, profile)))
		return xasprintf("%s.ktstr", v->d->name);
	if (strlen(profile) <= PROFILE_SHOWN)
		return xasprintf("%s.%s.%s.ktstr", v->d->name, on, profile);
	return xasprintf("%s.%s.%.*s-%016llx.ktstr", v->d->name, on, PROFILE_SHOWN, profile,
			 hash_of(HASH_OF_NOTHING, profile));
}

static int write_text(char **file, const struct variant *v, const char *folder, const char *binary, struct err *e)
{
	auto_free char *self = realpath("/proc/self/exe", NULL), *name = text_name(v);
	auto_free struct places *p = check_places(v, e);
	auto_composed struct composed c = { 0 };

	if (!p || compose(&c, v, p, binary, self, e) < 0)
		return -1;
	*file = xasprintf("%s/%s", folder, name);
	return file_write(AT_FDCWD, *file, c.text, c.n, e);
}

int ask_text(int *lock, char **file, char **flags, const struct variant *v, struct err *e)
{
	const struct declared *d = v->d;
	auto_free char *folder = NULL, *binary = NULL;

	*file = *flags = NULL;
	if ((d->under && d->s.binary && !(binary = ask_scheduler(d, e))) || !(folder = texts_folder(binary, e)) ||
	    hold_folder(lock, folder, e) < 0 || write_text(file, v, folder, binary, e) < 0)
		return -1;
	return d->flags.n ? write_flags(flags, folder, d, e) : 0;
}

unsigned ask_attach_s(const struct declared *d)
{
	return d->s.attach_ms / 1000 + (d->s.attach_ms % 1000 != 0);
}

bool ask_clock_said(void)
{
	const char *said = getenv("KTSTR_CLOCK");

	return said && *said;
}

/* What the environment says in place of tests, or beside them. */
static void environment_words(struct ask *a)
{
	static const struct {
		const char *variable, *option;
	} all[] = { { "KTSTR_TEST_KERNEL", "--kernel" }, { "KTSTR_SEEDS", "--seeds" }, { "KTSTR_CLOCK", "--clock" } };

	for (size_t i = 0; i < countof(all); i++) {
		const char *said = getenv(all[i].variable);

		if (said && *said)
			argv_opt(&a->words, all[i].option, "%s", said);
	}
}

int ask_make(struct ask *a, const struct variant *v, bool quiet, struct err *e)
{
	const struct declared *d = v->d;
	auto_free char *flags = NULL;

	*a = (struct ask)ASK_NONE;
	if (!(a->ktstr = find_ktstr(e)) || ask_text(&a->lock, &a->file, &flags, v, e) < 0)
		return -1;
	if (quiet)
		argv_add(&a->words, "-q");
	argv_add(&a->words, "run");
	argv_add(&a->words, a->file);
	if (flags) {
		argv_opt(&a->words, "--profiles", "%s", v->profile);
		argv_opt(&a->words, "--flags-file", "%s", flags);
	}
	environment_words(a);
	if (d->t.judge || coverage_wanted()) {
		/* Another process may run the same test, of other seeds or on another kernel. */
		a->json = xasprintf("%s.%d.json", a->file, getpid());
		argv_opt(&a->words, "--json-file", "%s", a->json);
	}
	if (d->t.perf_mode)
		argv_add(&a->words, "--perf-mode");
	if (d->s.attach_ms)
		argv_opt(&a->words, "--timeout", "%u", ask_attach_s(d));
	return 0;
}

void ask_words(struct argv *to, const struct ask *a)
{
	argv_add(to, a->ktstr);
	argv_addv(to, (const char *const *)a->words.v);
}

int ask_become(const struct ask *a, struct err *e)
{
	auto_argv struct argv whole = { 0 };

	ask_words(&whole, a);
	execv(a->ktstr, whole.v);
	return err_sys(e, "start %s", a->ktstr);
}

void ask_free(struct ask *a)
{
	if (a->json)
		(void)unlink(a->json);
	free(a->ktstr);
	free(a->file);
	free(a->json);
	argv_free(&a->words);
	drop_close_(&a->lock);
	*a = (struct ask)ASK_NONE;
}

/* In the store, for that program as it is now. Caller frees; NULL: it is nowhere, or there is no store. */
static char *kept_path(const struct declared *d, struct err *e)
{
	auto_free char *binary = ask_scheduler(d, e), *store = binary ? cache_path("KTSTR_STORE", "store", e) : NULL;
	struct stat st;

	if (!store)
		return NULL;
	if (stat(binary, &st) < 0) {
		err_sys(e, "%s", binary);
		return NULL;
	}
	auto_free char *what =
		xasprintf("%s\n%lld %lld.%09ld %llu", binary, (long long)st.st_size, (long long)st.st_mtim.tv_sec,
			  st.st_mtim.tv_nsec, (unsigned long long)st.st_ino);

	return xasprintf("%s/flags/%016llx.json", store, hash_of(HASH_OF_NOTHING, what));
}

static void know(struct declared *d, struct flags *f)
{
	d->flags = *f;
	*f = (struct flags){ 0 };
	d->unasked = false;
}

static bool recall(struct declared *d)
{
	struct err ignored;
	auto_free char *path = kept_path(d, &ignored), *text = NULL;
	auto_flags struct flags f = { 0 };
	size_t n;

	if (!path || !file_exists(path) || file_read(AT_FDCWD, path, FLAGS_TEXT, &text, &n, &ignored) < 0 ||
	    flags_parse(&f, text, n, &ignored) < 0)
		return false;
	know(d, &f);
	return true;
}

/* Tests of one scheduler stand together as a rule: what one of them does not know is not looked for again. */
void ask_known_flags(struct declarations *d)
{
	const struct ktstr_scheduler *unknown = NULL;

	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].unasked && d->v[i].t.scheduler != unknown && !recall(&d->v[i]))
			unknown = d->v[i].t.scheduler;
}

static int keep(const char *path, const char *text, size_t n, struct err *e)
{
	auto_free char *folder = xstrndup(path, (size_t)(strrchr(path, '/') - path));

	if (mkdir_p(AT_FDCWD, folder, 0777, e) < 0 || file_write(AT_FDCWD, path, text, n, e) < 0)
		return err_as(e, X_STORE, "keep a scheduler's flags");
	return 0;
}

int ask_flags(struct declared *d, bool quiet, struct err *e)
{
	const struct variant v = { .d = d };
	auto_free char *path = kept_path(d, e), *text = NULL;
	auto_flags struct flags f = { 0 };
	auto_ask struct ask ask = { 0 };
	auto_argv struct argv whole = { 0 };
	int status;
	size_t n;

	if (!path || ask_make(&ask, &v, quiet, e) < 0)
		return -1;
	argv_add(&ask.words, "--list-flags");
	ask_words(&whole, &ask);
	const struct spawn s = { .argv = (const char *const *)whole.v, .same_group = true };

	if (spawn_capture(&s, false, FLAGS_TEXT, -1, &text, &n, &status, e) < 0)
		return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		err_set(e, WIFEXITED(status) ? WEXITSTATUS(status) : X_FAIL,
			"its scheduler could not be asked for its flags; .flags = KTSTR_FLAGS(…) says them");
		return declared_in(d, e);
	}
	if (flags_parse(&f, text, n, e) < 0 || keep(path, text, n, e) < 0)
		return declared_in(d, e);
	know(d, &f);
	return 0;
}
