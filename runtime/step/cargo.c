/* cargo: has cargo build a package, and takes the program it made. Cargo is asked each time; what it made is known by content. */
#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "process/keeper.h"
#include "base/mem.h"
#include "host/needs.h"
#include "options/opt.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/digest.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include "verifier/artifact.h"
#include "verifier/manifest.h"
#include <errno.h>

enum { MESSAGES_MAX = 64 << 20, METADATA_MS = 60 * 1000 };

static struct {
	const char *cargo, *cwd, *package, *profile, *bin;
} o;

static struct {
	struct artifacts all;
	const struct artifact *which;
	char hex[KEY_LEN + 1];
} made;

static const struct opt opts[] = {
	{ .name = "cargo", .type = OPT_STR, .out = &o.cargo, .arg = "FILE", .help = "the program cargo" },
	{ .name = "cwd", .type = OPT_STR, .out = &o.cwd, .arg = "DIR", .help = "folder to run it in" },
	{ .name = "package", .type = OPT_STR, .out = &o.package, .arg = "SPEC", .help = "as cargo's --package" },
	{ .name = "profile", .type = OPT_STR, .out = &o.profile, .arg = "NAME", .help = "as cargo's --profile" },
	{ .name = "bin", .type = OPT_STR, .out = &o.bin, .arg = "NAME", .help = "as cargo's --bin" },
	{ 0 },
};

/* What it says to the user, until it closed that. A child of its own may hold it open longer: then until cargo ended. */
static int pass_on(const struct child *c, int fd, struct err *e)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = c->pidfd, .events = POLLIN } };
	char buf[16384];

	for (;;) {
		if (stop_poll(p, 2, -1, e) < 0)
			return -1;
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n > 0)
			step_output(buf, (size_t)n);
		else if (n == 0 || (errno == EAGAIN && p[1].revents))
			return 0;
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, "read the output of cargo");
	}
}

static int run_cargo(const struct argv *a, int messages, int *status, struct err *e)
{
	static const char *const env[] = { "KTSTR_EVENTS", NULL };
	/* In this order: the keeper goes last. */
	auto_keeper struct keeper keeper = { 0 };
	auto_kill struct child c = { 0 };
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
		return err_sys(e, "pipe");
	auto_close int in = fds[0];
	struct spawn s = {
		.argv = (const char *const *)a->v,
		.env = env,
		.cwd = o.cwd,
		.in = SPAWN_NULL,
		.out = messages,
		.err = fds[1],
	};
	int r = spawn_start(&s, &c, e);

	close(fds[1]);
	if (r < 0 || keeper_start(&keeper, c.pid, e) < 0 || pass_on(&c, in, e) < 0)
		return -1;
	return spawn_wait(&c, -1, status, e) < 0 ? -1 : 0;
}

/* Asked only when the artifacts do not answer: a start of cargo takes a tenth of a second. */
static int ask_manifest(struct manifest *m, struct err *e)
{
	const char *argv[] = { o.cargo, "metadata", "--no-deps", "--format-version", "1", NULL };
	struct spawn s = { .argv = argv, .cwd = o.cwd, .in = SPAWN_NULL, .err = SPAWN_NULL, .family = true };
	auto_free char *text = NULL;
	int status;
	size_t n;

	if (spawn_capture(&s, false, MESSAGES_MAX, METADATA_MS, &text, &n, &status, e) < 0)
		return -1;
	return status ? 0 : manifest_read(m, text, n, o.package, e);
}

/* Of several programs the one that cargo run takes; of none, why there is none. */
static int choose(struct err *e)
{
	auto_manifest struct manifest m = { 0 };
	struct err ignored;

	if (artifacts_choose(&made.all, o.package, o.bin, &made.which, e) == 0)
		return 0;
	struct err first = *e;

	if (o.bin || ask_manifest(&m, &ignored) < 0)
		return -1;
	if (m.default_run && artifacts_choose(&made.all, o.package, m.default_run, &made.which, &ignored) == 0)
		return 0;
	if (m.needs && (first.code == X_BAD_SCHED || m.default_run))
		return err_set(e, X_BAD_SCHED,
			       "%s: %s; build it with cargo build -p %s --features %s, and name the program by "
			       "--scheduler-bin",
			       first.msg, m.needs, o.package, m.features);
	return -1;
}

/* What it said of the code stands above; of a system call that it was refused it says little, or aborts. */
static int build_err(const char *how, struct err *e)
{
	struct need need;
	bool lacks = needs_lack(NEEDS_CARGO, &need);

	return err_set(e, X_BUILD, "cargo build -p %s failed: %s%s%s", o.package, how, lacks ? "; " : "",
		       lacks ? need.what : "");
}

static int build(struct err *e)
{
	auto_close int messages = memory_file("messages of cargo", 0, 1 << 20, e);
	auto_argv struct argv a = { 0 };
	auto_free char *text = NULL;
	char how[64];
	int status;
	size_t n;

	if (messages < 0)
		return -1;
	argv_add(&a, o.cargo);
	argv_add(&a, "build");
	argv_opt(&a, "--package", "%s", o.package);
	if (o.profile)
		argv_opt(&a, "--profile", "%s", o.profile);
	if (o.bin)
		argv_opt(&a, "--bin", "%s", o.bin);
	argv_add(&a, "--message-format=json-render-diagnostics");
	if (run_cargo(&a, messages, &status, e) < 0)
		return -1;
	if (status)
		return build_err(spawn_status(status, how, sizeof(how)), e);
	if (lseek(messages, 0, SEEK_SET) < 0)
		return err_sys(e, "messages of cargo");
	if (file_read_fd(messages, "messages of cargo", MESSAGES_MAX, &text, &n, e) < 0)
		return -1;
	artifacts_read(&made.all, text, n);
	return choose(e);
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	uint64_t size;

	if (!o.cargo || !o.package)
		return err_set(e, X_USAGE, "--cargo and --package are required");
	if (build(e) < 0)
		return -1;
	if (hashes_file(h, AT_FDCWD, made.which->path, made.hex, &size, e) < 0)
		return -1;
	recipe_str(r, "name", made.which->target);
	recipe_hash(r, "binary", made.hex, size);
	return 0;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *facts = xasprintf("name %s\n", made.which->target);
	char hex[KEY_LEN + 1];

	(void)path;
	if (file_copy(AT_FDCWD, made.which->path, dir, "binary", 0755, e) < 0)
		return -1;
	auto_close int fd = openat(dir, "binary", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open the copy of %s", made.which->path);
	if (digest_fd(fd, "the copy", hex, NULL, e) < 0)
		return -1;
	if (strcmp(hex, made.hex) != 0)
		return err_set(e, X_BUILD, "%s was built anew while it was taken; run this again", made.which->path);
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_cargo = {
	.name = "cargo",
	.format = 1,
	.summary = "build a package and store its program",
	.opts = opts,
	.recipe = recipe,
	.run = run,
};
