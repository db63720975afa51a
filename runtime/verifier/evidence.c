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
	KIND_STRUCT_OPS = 44, /* of a link */
	KIND_UPROBE_MULTI = 48,
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

/* What libraries call a program or map by which they learn what the kernel can do: libbpf (features.c), aya, cilium/ebpf. */
static bool is_probe(const char *name)
{
	static const char *const begins[] = { "libbpf_",    "det_arg_ctx",  "aya_name_check",
					      "aya_global", "feature_test", ".test" };

	for (size_t i = 0; i < countof(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* libbpf_probe_bpf_prog_type() and its like give no name, and expect ENOTSUPP of a struct_ops. */
static bool is_struct_ops(const struct proto_call *c)
{
	uint32_t type = c->cmd == PROG_LOAD ? PROG_TYPE_STRUCT_OPS : MAP_TYPE_STRUCT_OPS;

	return c->type == type && (c->name[0] || c->error != ENOTSUPP);
}

/* A link of no program at all, or of a path that is none (features.c). */
static bool is_link_probe(const struct proto_call *c)
{
	return c->error == EBADF || (c->error == EINVAL && c->type == KIND_UPROBE_MULTI);
}

/* The scheduler's own, and not one by which a library learns what the kernel can do. Who may not even try (EPERM) may not
 * load anything. */
static bool is_own(const struct proto_call *c)
{
	switch (c->cmd) {
	case PROG_LOAD:
	case MAP_CREATE:
		return c->error == EPERM || is_struct_ops(c) || (c->name[0] && !is_probe(c->name));
	case LINK_CREATE:
		return !is_link_probe(c);
	default:
		return true;
	}
}

/* What another run would get as well. */
static bool is_refusal(int error)
{
	static const int refusals[] = { EPERM,  ENOENT, ESRCH,      E2BIG,  EACCES,   EFAULT, EEXIST, ENODEV,
					EINVAL, ERANGE, EOPNOTSUPP, ENOSYS, ENOTSUPP, EPROTO, ELOOP,  EDOM };

	for (size_t i = 0; i < countof(refusals); i++)
		if (error == refusals[i])
			return true;
	return false;
}

/* Which of the scheduler's own calls the kernel granted. */
struct granted {
	bool map, program;
	bool struct_ops; /* a map of that kind: a scheduler is being loaded */
};

static struct granted granted_of(const struct calls *c)
{
	struct granted g = { .struct_ops = c->total > c->n }; /* it may be among those that are not known */

	for (size_t i = 0; i < c->n; i++) {
		const struct proto_call *call = &c->v[i];

		if (call->error || !is_own(call))
			continue;
		g.map |= call->cmd == MAP_CREATE;
		g.program |= call->cmd == PROG_LOAD;
		g.struct_ops |= call->cmd == MAP_CREATE && is_struct_ops(call);
	}
	return g;
}

/* ---- words */

static bool has(struct view v, const char *what)
{
	return v.n && memmem(v.p, v.n, what, strlen(what));
}

/* Not as the beginning of a longer word or number. */
static bool has_word(struct view v, const char *what)
{
	size_t n = strlen(what);

	for (const char *at; v.n && (at = memmem(v.p, v.n, what, n));) {
		const char *end = v.p + v.n;

		if (at + n == end || !isalnum((unsigned char)at[n]))
			return true;
		v = (struct view){ at + 1, (size_t)(end - at - 1) };
	}
	return false;
}

/* As C, libbpf and Rust write it: "EINVAL", "Invalid argument", "-22", "(os error 22)". */
static bool tells_errno(struct view line, int error)
{
	static const char *const before[] = { "-", "error ", "errno ", "errno=" };
	char buf[16];

	if (has_word(line, evidence_errno(error, buf)) || has_word(line, strerror(error)))
		return true;
	for (size_t i = 0; i < countof(before); i++) {
		auto_free char *number = xasprintf("%s%d", before[i], error);

		if (has_word(line, number))
			return true;
	}
	return false;
}

/* Whether who made that call complained of it: by its errno, and by the name of a program. */
static bool is_told(const struct proto_call *c, struct view text)
{
	struct view line;

	while (log_last_line(&text, &line))
		if ((c->cmd != PROG_LOAD || has(line, c->name)) && tells_errno(line, c->error))
			return true;
	return false;
}

/* A program of another kind at a place of the kernel's: many schedulers have some that they can do without. */
static bool is_aside(const struct proto_call *c)
{
	return c->cmd == RAW_TRACEPOINT_OPEN || c->cmd == PROG_ATTACH ||
	       (c->cmd == LINK_CREATE && c->type != KIND_STRUCT_OPS);
}

/* Loaders make the maps of an object, a scheduler's struct_ops among them, before its programs. Without it, a map or program of
 * another kind that is refused may be somebody's question to the kernel, unless he complains of the answer. Where a program of
 * another kind goes is always one. */
static bool is_question(const struct proto_call *c, const struct granted *g, struct view text)
{
	if (c->error == EPERM)
		return false;
	if (is_aside(c)) /* "attach", "Attaching": an errno alone may be about any file */
		return !has(text, "ttach") || !is_told(c, text);
	if (is_struct_ops(c) || g->struct_ops)
		return false;
	return (c->cmd == PROG_LOAD || (c->cmd == MAP_CREATE && is_refusal(c->error))) && !is_told(c, text);
}

/* A loader that goes on after a failure has got over it. That the value of a struct_ops map is in use already is no failure
 * either: libbpf attaches it all the same. */
static const struct proto_call *last_own(const struct calls *c, const struct granted *g, struct view text)
{
	for (size_t i = c->n; i-- > 0;) {
		const struct proto_call *call = &c->v[i];

		if (is_own(call) && !(call->error && is_question(call, g, text)) &&
		    (call->cmd != CALL_STRUCT_OPS_VALUE || call->error != EBUSY))
			return call;
	}
	return NULL;
}

/* ---- libbpf's words */

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

/* What libbpf finds out by itself when it compares an object with the kernel, and the errno it returns then. It does so
 * before it makes the object's maps, or behind these and before its programs. */
struct compared {
	const char *begins, *has;
	int error;
	bool with_maps;
};

static const struct compared compared[] = {
	{ "libbpf: extern (func ksym) '", "': not found in kernel", ESRCH, false },
	{ "libbpf: extern (var ksym) '", "': not found in kernel", ESRCH, false },
	{ "libbpf: extern (", "incompatible with vmlinux", EINVAL, false },
	{ "libbpf: extern (", "': incompatible types, expected", EINVAL, false },
	{ "libbpf: extern '", "(strong): not resolved", ESRCH, false },
	{ "libbpf: extern (kcfg) '", "", EINVAL, false },
	{ "libbpf: struct_ops init_kern ", "", ENOTSUP, false },
	{ "libbpf: struct_ops ", "is not found in kernel BTF", EINVAL, false },
	{ "libbpf: prog '", "relo #", EINVAL, true },
	{ "libbpf: kernel BTF is missing at", "", ESRCH, false },
	{ "libbpf: Error loading vmlinux BTF", "", ESRCH, false },
	{ "libbpf: failed to find valid kernel BTF", "", ESRCH, false },
	{ "libbpf: failed to open system Kconfig", "", ENOENT, false },
};

static const struct compared *compared_by(struct view line)
{
	for (size_t i = 0; i < countof(compared); i++)
		if (log_starts(line, compared[i].begins) && has(line, compared[i].has))
			return &compared[i];
	return NULL;
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

/* Negative: libbpf did not say that it cannot load it. *what: the comparison that failed, or NULL. */
static int words_error(struct view text, const struct compared **what)
{
	struct view line;
	bool failed = false;
	int said = 0;

	*what = NULL;
	/* From behind: the last object it tried counts. */
	while (log_last_line(&text, &line)) {
		line = log_libbpf(line);
		if (!line.n)
			continue;
		if (!failed)
			failed = load_failed(line, &said);
		else if (!*what)
			*what = compared_by(line);
	}
	return !failed ? -1 : said || !*what ? said : (*what)->error;
}

/* Whether it can have been so: the kernel was asked something, and not for more than libbpf does until then. */
static bool fits(const struct compared *what, const struct calls *c, const struct granted *g)
{
	return what && c->total && !g->program && (what->with_maps || !g->map);
}

struct evidence evidence_find(const struct calls *c, struct view text)
{
	const struct granted g = granted_of(c);
	const struct proto_call *last = last_own(c, &g, text);
	const struct compared *what;
	struct evidence x = { 0 };

	if (last && last->error) {
		x = (struct evidence){ .by = EVIDENCE_KERNEL, .cmd = last->cmd, .error = last->error };
		memcpy(x.program, last->name, sizeof(x.program));
		return x;
	}
	int error = words_error(text, &what);

	if (error > 0 && (!c->traced || fits(what, c, &g)))
		x = (struct evidence){ .by = EVIDENCE_LIBBPF, .error = error };
	return x;
}

bool evidence_refuses(const struct evidence *x)
{
	return x->by != EVIDENCE_NONE && is_refusal(x->error);
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
