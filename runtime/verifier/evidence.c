#include "verifier/evidence.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "json/read.h"
#include "json/write.h"

enum {
	MAP_CREATE = 0,
	PROG_LOAD = 5,
	PROG_ATTACH = 8,
	RAW_TRACEPOINT_OPEN = 17,
	LINK_CREATE = 28,
	PROG_TYPE_STRUCT_OPS = 27,
	MAP_TYPE_STRUCT_OPS = 26,
	ERRNO_MAX = 4095,
	ENOTSUPP = 524, /* the kernel's own, which user space sees all the same */
};

static const struct {
	uint32_t cmd;
	const char *name;
	bool attach;
} cmds[] = {
	{ MAP_CREATE, "BPF_MAP_CREATE", false },  { PROG_LOAD, "BPF_PROG_LOAD", false },
	{ PROG_ATTACH, "BPF_PROG_ATTACH", true }, { RAW_TRACEPOINT_OPEN, "BPF_RAW_TRACEPOINT_OPEN", true },
	{ LINK_CREATE, "BPF_LINK_CREATE", true }, { CALL_STRUCT_OPS_VALUE, "struct_ops value", true },
};

static const char *const by_names[] = { [EVIDENCE_KERNEL] = "kernel", [EVIDENCE_LIBBPF] = "libbpf" };

static size_t cmd_find(uint32_t cmd)
{
	size_t i = 0;

	while (i < countof(cmds) && cmds[i].cmd != cmd)
		i++;
	return i;
}

static void plain_name(char name[16])
{
	name[15] = '\0';
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && *c != '.')
			*c = '?';
	memset(name + strlen(name), 0, 16 - strlen(name));
}

int calls_parse(struct calls *c, const void *data, size_t n, struct err *e)
{
	struct proto_calls head;
	struct calls got = { 0 };

	if (n < sizeof(head))
		return err_set(e, X_VM, "the guest's calls of bpf(2) are damaged");
	memcpy(&head, data, sizeof(head));
	got.traced = head.traced;
	got.total = head.total;
	got.n = (n - sizeof(head)) / sizeof(*got.v);
	if (head.traced > 1 || (n - sizeof(head)) % sizeof(*got.v) || got.n > PROTO_CALLS || got.n > got.total ||
	    (!got.traced && got.total) || (got.total && !got.n))
		return err_set(e, X_VM, "the guest's calls of bpf(2) are damaged");
	got.v = xcalloc(got.n + 1, sizeof(*got.v));
	memcpy(got.v, (const char *)data + sizeof(head), got.n * sizeof(*got.v));
	for (size_t i = 0; i < got.n; i++) {
		plain_name(got.v[i].name);
		if (cmd_find(got.v[i].cmd) < countof(cmds) && got.v[i].error >= 0 && got.v[i].error <= ERRNO_MAX)
			continue;
		calls_free(&got);
		return err_set(e, X_VM, "the guest tells of a call of bpf(2) that cannot be");
	}
	*c = got;
	return 0;
}

void calls_free(struct calls *c)
{
	free(c->v);
	*c = (struct calls){ 0 };
}

/* The scheduler's own, and not one by which libbpf learns what the kernel can do (features.c): those have no name or one of
 * libbpf's, and its links are of no program at all (EBADF). Who may not even try (EPERM) may not load anything. */
static bool is_own(const struct proto_call *c)
{
	bool of_libbpf = !strncmp(c->name, "libbpf_", 7) || !strcmp(c->name, "det_arg_ctx");
	bool named = c->error == EPERM || (c->name[0] && !of_libbpf);

	switch (c->cmd) {
	case PROG_LOAD:
		return named || c->type == PROG_TYPE_STRUCT_OPS;
	case MAP_CREATE:
		return named || c->type == MAP_TYPE_STRUCT_OPS;
	case LINK_CREATE:
		return c->error != EBADF;
	default:
		return true;
	}
}

/* A loader that goes on after a failure has got over it. That the value of a struct_ops map is in use already is no failure
 * either: libbpf attaches it all the same. */
static const struct proto_call *last_own(const struct calls *c)
{
	for (size_t i = c->n; i-- > 0;)
		if (is_own(&c->v[i]) && (c->v[i].cmd != CALL_STRUCT_OPS_VALUE || c->v[i].error != EBUSY))
			return &c->v[i];
	return NULL;
}

/* ---- libbpf's words */

static bool has(struct view v, const char *what)
{
	return v.n && memmem(v.p, v.n, what, strlen(what));
}

static int errno_parse(struct view v)
{
	char word[16] = "";
	size_t n = 0;

	while (v.n && (*v.p == ' ' || *v.p == '-'))
		v.p++, v.n--;
	while (n < v.n && n + 1 < sizeof(word) && isalnum((unsigned char)v.p[n])) {
		word[n] = v.p[n];
		n++;
	}
	if (isdigit((unsigned char)word[0])) {
		long number = strtol(word, NULL, 10);

		return number > 0 && number <= ERRNO_MAX ? (int)number : 0;
	}
	for (int error = 1; word[0] && error < 256; error++) {
		const char *name = strerrorname_np(error);

		if (name && !strcmp(name, word))
			return error;
	}
	return !strcmp(word, "ENOTSUPP") ? ENOTSUPP : 0;
}

/* What libbpf finds out by itself when it compares an object with the kernel, and the errno it returns then. */
static const struct {
	const char *begins, *has;
	int error;
} compared[] = {
	{ "libbpf: extern (func ksym) '", "': not found in kernel", ESRCH },
	{ "libbpf: extern (var ksym) '", "': not found in kernel", ESRCH },
	{ "libbpf: extern (", "incompatible with vmlinux", EINVAL },
	{ "libbpf: extern (", "': incompatible types, expected", EINVAL },
	{ "libbpf: extern '", "(strong): not resolved", ESRCH },
	{ "libbpf: extern (kcfg) '", "", EINVAL },
	{ "libbpf: struct_ops init_kern ", "", ENOTSUP },
	{ "libbpf: struct_ops ", "is not found in kernel BTF", EINVAL },
	{ "libbpf: prog '", "relo #", EINVAL },
	{ "libbpf: kernel BTF is missing at", "", ESRCH },
	{ "libbpf: Error loading vmlinux BTF", "", ESRCH },
	{ "libbpf: failed to find valid kernel BTF", "", ESRCH },
	{ "libbpf: failed to open system Kconfig", "", ENOENT },
};

static int compared_error(struct view line)
{
	for (size_t i = 0; i < countof(compared); i++)
		if (log_starts(line, compared[i].begins) && has(line, compared[i].has))
			return compared[i].error;
	return 0;
}

/* "libbpf: failed to load BPF skeleton 'x': -22", since 1.6 "-EINVAL"; of an object the name only. */
static bool load_failed(struct view line, int *error)
{
	const char *end = line.p + line.n, *colon = NULL;

	if (!log_starts(line, "libbpf: failed to load object") &&
	    !log_starts(line, "libbpf: failed to load BPF skeleton"))
		return false;
	for (const char *p = line.p; p + 3 < end; p++)
		if (!memcmp(p, "': ", 3))
			colon = p + 3;
	if (colon)
		*error = errno_parse((struct view){ colon, (size_t)(end - colon) });
	return true;
}

/* Negative: libbpf did not say that it cannot load it. *what: the errno of the comparison that failed, or 0. */
static int words_error(struct view text, int *what)
{
	struct view line;
	bool failed = false;
	int said = 0;

	*what = 0;
	/* From behind: the last object it tried counts. */
	while (log_last_line(&text, &line)) {
		if (!failed)
			failed = load_failed(line, &said);
		else if (!*what)
			*what = compared_error(line);
	}
	return !failed ? -1 : said ? said : *what;
}

struct evidence evidence_find(const struct calls *c, struct view text)
{
	const struct proto_call *last = last_own(c);
	struct evidence x = { 0 };
	int what, error;

	if (last && last->error) {
		x = (struct evidence){ .by = EVIDENCE_KERNEL, .cmd = last->cmd, .error = last->error };
		memcpy(x.program, last->name, sizeof(x.program));
		return x;
	}
	error = words_error(text, &what);
	if (error > 0 && (!c->traced || (c->total && what)))
		x = (struct evidence){ .by = EVIDENCE_LIBBPF, .error = error };
	return x;
}

bool evidence_refuses(const struct evidence *x)
{
	static const int refusals[] = { EPERM,  ENOENT, ESRCH,      E2BIG,  EACCES,   EFAULT, EEXIST, ENODEV,
					EINVAL, ERANGE, EOPNOTSUPP, ENOSYS, ENOTSUPP, EPROTO, ELOOP,  EDOM };

	for (size_t i = 0; x->by != EVIDENCE_NONE && i < countof(refusals); i++)
		if (x->error == refusals[i])
			return true;
	return false;
}

bool evidence_attach(const struct evidence *x)
{
	return x->by == EVIDENCE_KERNEL && cmds[cmd_find(x->cmd)].attach;
}

const char *evidence_call(const struct evidence *x)
{
	return x->by == EVIDENCE_KERNEL ? cmds[cmd_find(x->cmd)].name : NULL;
}

const char *evidence_errno(int error, char buf[16])
{
	const char *name = error == ENOTSUPP ? "ENOTSUPP" : strerrorname_np(error);

	if (name)
		return name;
	snprintf(buf, 16, "%d", error);
	return buf;
}

char *evidence_words(const struct evidence *x)
{
	const char *call = evidence_call(x);
	char buf[16];

	return xasprintf("%s%s%s: %s", call ? call : "libbpf", x->program[0] ? " of " : "", x->program,
			 evidence_errno(x->error, buf));
}

/* ---- JSON */

void evidence_write(struct jsonw *w, const struct evidence *x)
{
	char buf[16];

	if (x->by == EVIDENCE_NONE) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	jsonw_kstr(w, "by", by_names[x->by]);
	jsonw_kstr(w, "call", evidence_call(x));
	jsonw_kstr(w, "errno", evidence_errno(x->error, buf));
	jsonw_kstr(w, "program", x->program[0] ? x->program : NULL);
	jsonw_end_obj(w);
}

static int cmd_named(const char *name, uint32_t *cmd)
{
	for (size_t i = 0; i < countof(cmds); i++) {
		if (strcmp(cmds[i].name, name) != 0)
			continue;
		*cmd = cmds[i].cmd;
		return 0;
	}
	return -1;
}

int evidence_read(struct evidence *x, const struct json *j, int tok, struct err *e)
{
	auto_free char *by = NULL, *call = NULL, *error = NULL, *program = NULL;
	struct evidence got = { 0 };

	*x = got;
	if (tok < 0 || json_kind(j, tok) == JSON_NULL)
		return 0;
	if (json_kind(j, tok) != JSON_OBJECT)
		return err_set(e, X_FAIL, "not an object");
	if (json_str(j, json_get(j, tok, "by"), &by, e) < 0 || json_str(j, json_get(j, tok, "call"), &call, e) < 0 ||
	    json_str(j, json_get(j, tok, "errno"), &error, e) < 0 ||
	    json_str(j, json_get(j, tok, "program"), &program, e) < 0)
		return -1;
	if (by)
		got.by = !strcmp(by, by_names[EVIDENCE_KERNEL])   ? EVIDENCE_KERNEL
			 : !strcmp(by, by_names[EVIDENCE_LIBBPF]) ? EVIDENCE_LIBBPF
								  : EVIDENCE_NONE;
	if (error)
		got.error = errno_parse((struct view){ error, strlen(error) });
	if (got.by == EVIDENCE_NONE || !got.error || (got.by == EVIDENCE_KERNEL) != (call != NULL) ||
	    (call && cmd_named(call, &got.cmd) < 0) || (program && strlen(program) >= sizeof(got.program)))
		return err_set(e, X_FAIL, "no such call of bpf(2)");
	if (program) {
		memcpy(got.program, program, strlen(program));
		plain_name(got.program);
	}
	*x = got;
	return 0;
}
