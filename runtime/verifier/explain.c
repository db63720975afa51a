/* Two tables of phrases: what the verifier says between the markers, what libbpf and loaders say outside of them. The
 * first phrase of a table that is there decides, so they are ordered from the telling to the general. */
#include "verifier/explain.h"
#include "base/mem.h"
#include "text/text.h"
#include "verifier/collapse.h"
#include "verifier/result.h"
#include <ctype.h>
#include <stdio.h>

#define TRAIL_INSNS 6
#define TRAIL_LINE 200 /* bytes of a line that are shown */

static const struct {
	const char *name;
	const char *words; /* %p: the program, %s: the subject */
} classes[] = {
	[WHY_UNKNOWN] = { "unknown", NULL },
	[WHY_INSN_LIMIT] = { "insn-limit",
			     "%p is too much work for the verifier: it gave up after %s instructions, the "
			     "limit is 1000000. Branches within loops are what multiplies; the body of bpf_for() or "
			     "bpf_loop(), and a function that is not static, count about once." },
	[WHY_COMPLEXITY] = { "complexity",
			     "%p has too many branches that are pending at once (the verifier keeps 8192): "
			     "fewer branches, or parts of it in functions that are not static." },
	[WHY_LOOP] = { "loop",
		       "%p has a loop whose end the verifier cannot see: nothing that it tracks changes from one "
		       "iteration to the next. Bound it by a counter, or use bpf_for() or bpf_loop()." },
	[WHY_STACK] = { "stack",
			"%p needs too much stack: 512 bytes, together with the functions it calls, is all there "
			"is. Large variables belong into a map." },
	[WHY_NULL] = { "null", "%p uses a pointer that may be NULL there; compare it with NULL first." },
	[WHY_ACCESS] = { "access", "%p touches memory that the verifier cannot prove it may touch: an offset without a "
				   "bound it knows, or a value that is not a pointer." },
	[WHY_UNINIT] = { "uninitialized", "%p reads what was not written before." },
	[WHY_REFERENCE] = { "reference", "%p does not release on every path what it acquired." },
	[WHY_FORBIDDEN] = { "forbidden", "%p calls %s, which this kernel does not allow in a program of this kind." },
	[WHY_RELOCATION] = { "relocation", "%p uses a type or member that this kernel does not have (%s); guard it by "
					   "bpf_core_field_exists() or bpf_core_type_exists()." },
	[WHY_VERIFIER] = { "verifier", NULL },
	[WHY_KFUNC] = { "missing-symbol",
			"the kernel has no %s; declare it __weak and ask bpf_ksym_exists() before it is "
			"used, to load here too." },
	[WHY_KFUNC_PROTO] = { "changed-symbol",
			      "the kernel's %s takes other arguments than the scheduler was built for." },
	[WHY_STRUCT_OPS] = { "struct-ops", "the kernel's sched_ext_ops has not what the scheduler fills in (%s)." },
	[WHY_NO_BTF] = { "no-btf", "the kernel shows no BTF: it needs CONFIG_DEBUG_INFO_BTF=y." },
	[WHY_KCONFIG] = { "kconfig",
			  "the scheduler reads the kernel's configuration (__kconfig), and this kernel does not "
			  "show it: it needs CONFIG_IKCONFIG=y." },
	[WHY_ATTACH] = { "attach", "the programs were loaded, and the kernel refused to attach them with %s." },
	[WHY_STALL] = { "stall", "tasks that could run were not run: the scheduler lost them, or does not dispatch." },
	[WHY_THROWN_OUT] = { "thrown-out", "the kernel threw it out while it ran." },
	[WHY_TIMEOUT] = { "timeout", "it neither attached nor ended in time; --timeout gives it more." },
};

/* Where the subject is: between these two, behind the phrase; or a word of our own. */
struct phrase {
	const char *text;
	enum why why;
	const char *open, *close;
};

static const struct phrase verifier[] = {
	{ "BPF program is too large. Processed ", WHY_INSN_LIMIT, "Processed ", " " },
	{ "jumps is too complex", WHY_COMPLEXITY, NULL, NULL },
	{ "infinite loop detected at insn", WHY_LOOP, NULL, NULL },
	{ "back-edge from insn", WHY_LOOP, NULL, NULL },
	{ "combined stack size of", WHY_STACK, NULL, NULL },
	{ "stack frames is too deep", WHY_STACK, NULL, NULL },
	{ "frames is too deep", WHY_STACK, NULL, NULL },
	{ "_or_null'", WHY_NULL, NULL, NULL },
	{ "Possibly NULL pointer passed", WHY_NULL, NULL, NULL },
	{ "failed to resolve CO-RE relocation", WHY_RELOCATION, "] ", " (" },
	{ "invalid func unknown#195896080", WHY_RELOCATION, NULL, NULL },
	{ "is referenced but wasn't resolved", WHY_KFUNC, "kfunc '", "'" },
	{ "calling kernel function ", WHY_FORBIDDEN, "function ", " " },
	{ "cannot use helper ", WHY_FORBIDDEN, "helper ", "#" },
	{ "unknown func ", WHY_FORBIDDEN, "func ", "#" },
	{ "invalid mem access", WHY_ACCESS, NULL, NULL },
	{ "invalid access to", WHY_ACCESS, NULL, NULL },
	{ "unbounded memory access", WHY_ACCESS, NULL, NULL },
	{ "min value is negative", WHY_ACCESS, NULL, NULL },
	{ "math between", WHY_ACCESS, NULL, NULL },
	{ "access beyond struct", WHY_ACCESS, NULL, NULL },
	{ "!read_ok", WHY_UNINIT, NULL, NULL },
	{ "invalid read from stack", WHY_UNINIT, NULL, NULL },
	{ "Unreleased reference", WHY_REFERENCE, NULL, NULL },
	{ "unreleased reference", WHY_REFERENCE, NULL, NULL },
};

static const struct phrase library[] = {
	{ "kernel BTF is missing at", WHY_NO_BTF, NULL, NULL },
	{ "rror loading vmlinux BTF", WHY_NO_BTF, NULL, NULL },
	{ "failed to open system Kconfig", WHY_KCONFIG, NULL, NULL },
	{ "incompatible with vmlinux", WHY_KFUNC_PROTO, "ksym) '", "'" },
	{ "': not found in kernel", WHY_KFUNC, "ksym) '", "'" },
	{ "(strong): not resolved", WHY_KFUNC, "extern '", "'" },
	{ "is not found in kernel BTF", WHY_STRUCT_OPS, "struct ", " " },
	{ "Cannot find member ", WHY_STRUCT_OPS, "member ", " " },
	{ "struct_ops init_kern", WHY_STRUCT_OPS, "init_kern ", "\n" },
	{ "failed to resolve CO-RE relocation", WHY_RELOCATION, "] ", " (" },
	{ "ot attached: ", WHY_ATTACH, NULL, NULL },
	{ "ailed to attach", WHY_ATTACH, NULL, NULL },
};

/* As the kernel means them when a scheduler is attached (kernel/sched/ext.c, kernel/bpf/syscall.c). */
static const struct {
	const char *name, *text, *meaning;
} errnos[] = {
	{ "EPERM", "Operation not permitted", "CAP_SYS_ADMIN is missing, or ops.init said so" },
	{ "ENOENT", "No such file or directory", "something it names is not there, a DSQ or a cgroup for instance" },
	{ "ENOMEM", "Cannot allocate memory", "the guest has too little memory: --memory-mb gives it more" },
	{ "EBUSY", "Device or resource busy", "another scheduler is attached" },
	{ "EEXIST", "File exists", "something it makes is there already, a DSQ of that number for instance" },
	{ "ENODEV", "No such device", "ops.init said so, or a CPU went away meanwhile" },
	{ "EINVAL", "Invalid argument",
	  "the kernel does not take its ops: flags it does not know, a timeout_ms above 30000, callbacks that do not go "
	  "together; the kernel's log has a line about it" },
	{ "EOPNOTSUPP", "Operation not supported", "this kernel cannot do what it asks for" },
	{ "E2BIG", "Argument list too long", "its ops are larger than this kernel's, with something set there" },
	{ "EAGAIN", "Resource temporarily unavailable", "the kernel was busy with another one" },
};

const char *why_name(enum why w)
{
	return classes[w].name;
}

static struct view find_in(struct view v, const char *what)
{
	const char *p = v.n ? memmem(v.p, v.n, what, strlen(what)) : NULL;

	return p ? (struct view){ p, strlen(what) } : (struct view){ 0 };
}

static char *shown(struct view v)
{
	return text_plain(v.p, text_fit(v.p, v.n, TRAIL_LINE), TEXT_LINE);
}

/* The whole line that hit lies in. */
static struct view line_around(struct view text, struct view hit)
{
	const char *from = hit.p, *end = hit.p + hit.n, *limit = text.p + text.n;

	while (from > text.p && from[-1] != '\n')
		from--;
	while (end < limit && *end != '\n' && *end != '\r')
		end++;
	return (struct view){ from, (size_t)(end - from) };
}

static struct view between(struct view line, const char *open, const char *close)
{
	struct view a = open ? find_in(line, open) : (struct view){ 0 };

	if (!a.n)
		return a;
	struct view rest = { a.p + a.n, (size_t)(line.p + line.n - a.p - a.n) };
	struct view b = find_in(rest, close);

	return (struct view){ rest.p, b.n ? (size_t)(b.p - rest.p) : rest.n };
}

/* The first phrase of the table that is in text; its line in *line. NULL: none. */
static const struct phrase *match(const struct phrase *table, size_t n, struct view text, struct view *line)
{
	for (size_t i = 0; i < n; i++) {
		struct view hit = find_in(text, table[i].text);

		if (!hit.n)
			continue;
		*line = line_around(text, hit);
		return &table[i];
	}
	return NULL;
}

static void take(struct explanation *x, const struct phrase *p, struct view line)
{
	struct view hit = find_in(line, p->text);
	struct view tail = { hit.p, (size_t)(line.p + line.n - hit.p) };
	struct view subject = between(tail, p->open, p->close);

	if (!subject.n) /* it stands in front of the phrase */
		subject = between(line, p->open, p->close);
	x->why = p->why;
	if (subject.n)
		x->subject = shown(subject);
}

/* "12: (7b) *(u64 *)(r0 +0) = r1": an instruction of the trace. */
static bool is_insn(struct view line)
{
	size_t n = 0;

	while (n < line.n && isdigit((unsigned char)line.p[n]))
		n++;
	return n && line.n > n + 6 && !memcmp(line.p + n, ": (", 3) && isxdigit((unsigned char)line.p[n + 3]) &&
	       isxdigit((unsigned char)line.p[n + 4]) && line.p[n + 5] == ')';
}

static bool is_source(struct view line)
{
	return line.n > 2 && line.p[0] == ';' && line.p[1] == ' ' && line.p[2] != ' ';
}

/* The line that ends at end (exclusive, behind its newline or at the text's end). */
static struct view line_before(struct view text, size_t end)
{
	size_t to = end - (end && text.p[end - 1] == '\n');
	size_t from = to;

	while (from && text.p[from - 1] != '\n')
		from--;
	return (struct view){ text.p + from, to - from };
}

/* Behind the last line that is an instruction; 0: there is none. */
static size_t behind_last_insn(struct view text)
{
	size_t end = text.n;

	while (end) {
		struct view line = line_before(text, end);

		if (is_insn(line))
			return end;
		end = (size_t)(line.p - text.p);
	}
	return 0;
}

/* What the verifier said behind its last instruction: up to an empty line, states or statistics. */
static void trail_words(FILE *f, struct view text, size_t at)
{
	for (int lines = 0; at < text.n && lines < 4; lines++) {
		const char *nl = memchr(text.p + at, '\n', text.n - at);
		size_t n = nl ? (size_t)(nl - text.p) - at : text.n - at;
		auto_free char *line = shown((struct view){ text.p + at, n });

		if (log_is_detail((struct view){ line, strlen(line) }))
			return;
		if (*line != ';')
			fprintf(f, "%s\n", line);
		at += n + 1;
	}
}

static char *trail_of(struct view text)
{
	struct view keep[3 * TRAIL_INSNS];
	size_t end = behind_last_insn(text), at = end, n = 0, n_text;
	char *out = NULL;

	for (size_t insns = 0; at && n < countof(keep);) {
		struct view line = line_before(text, at);

		at = (size_t)(line.p - text.p);
		if (insns == TRAIL_INSNS && !is_source(line))
			break;
		if (!is_insn(line) && !is_source(line))
			continue;
		/* States are of interest at the end only. */
		keep[n++] = insns && is_insn(line) ? collapse_normal(line, true) : line;
		if (insns == TRAIL_INSNS)
			break;
		insns += is_insn(line);
	}
	if (!n)
		return NULL;
	FILE *f = xmemstream(&out, &n_text);

	while (n--) {
		auto_free char *line = shown(keep[n]);

		fprintf(f, "%s\n", line);
	}
	trail_words(f, text, end);
	fclose(f);
	return out;
}

static void from_verifier(struct explanation *x, const struct log_program *p)
{
	size_t last = behind_last_insn(p->text);
	struct view verdict = { p->text.p + last, p->text.n - last }; /* a trace has comments of the source in it */
	const struct phrase *hit;
	struct log_stats s;
	struct view line;

	if (p->name.n)
		x->program = shown(p->name);
	hit = match(verifier, countof(verifier), verdict, &line);
	if (hit)
		take(x, hit, line);
	else
		x->why = WHY_VERIFIER;
	log_stats(p->text, &s);
	if (!hit && s.processed > 1000000) {
		x->why = WHY_INSN_LIMIT;
		x->subject = xasprintf("%llu", (unsigned long long)s.processed);
	}
	x->trail = trail_of(p->text);
}

/* Loaders put the errno into the line that says so, or into the one before. */
static const char *errno_of(struct explanation *x, struct view log, struct view line)
{
	size_t at = (size_t)(line.p - log.p);
	struct view before = line_before(log, at);

	if (at)
		line = (struct view){ before.p, (size_t)(line.p + line.n - before.p) };
	for (size_t i = 0; i < countof(errnos); i++) {
		if (!find_in(line, errnos[i].text).n && !find_in(line, errnos[i].name).n)
			continue;
		free(x->subject);
		x->subject = xstrdup(errnos[i].name);
		return errnos[i].meaning;
	}
	return NULL;
}

static void say(struct explanation *x, const char *more)
{
	const char *words = classes[x->why].words;
	size_t n;

	if (!words)
		return;
	FILE *f = xmemstream(&x->words, &n);

	for (const char *c = words; *c; c++) {
		if (c[0] == '%' && (c[1] == 'p' || c[1] == 's')) {
			bool program = *++c == 'p';
			const char *text = program ? x->program : x->subject;

			fputs(text ? text : program ? "the program" : "something it does not name", f);
		} else {
			fputc(*c, f);
		}
	}
	if (more)
		fprintf(f, " That is: %s.", more);
	fclose(f);
}

static void from_library(struct explanation *x, struct view log, const char **more)
{
	struct view line;
	const struct phrase *hit = match(library, countof(library), log, &line);

	if (!hit)
		return;
	take(x, hit, line);
	if (x->why == WHY_ATTACH)
		*more = errno_of(x, log, line);
}

/* What the kernel answered, where the scheduler's words do not tell. */
static void from_evidence(struct explanation *x, const struct evidence *v, const char **more)
{
	char buf[16];

	if (evidence_attach(v)) {
		x->why = WHY_ATTACH;
		free(x->subject);
		x->subject = xstrdup(evidence_errno(v->error, buf));
		for (size_t i = 0; i < countof(errnos); i++)
			if (!strcmp(x->subject, errnos[i].name))
				*more = errnos[i].meaning;
	} else if (evidence_refuses(v) && x->why == WHY_UNKNOWN) {
		x->why = WHY_VERIFIER;
	}
	if (v->program[0] && !x->program)
		x->program = xstrdup(v->program);
}

void explain(struct explanation *x, const struct result *r, struct view log)
{
	struct log_program program;
	const char *more = NULL;

	*x = (struct explanation){ 0 };
	if (r->verdict == VERDICT_ATTACHED || r->verdict == VERDICT_VM)
		return;
	if (r->verdict == VERDICT_TIMEOUT)
		x->why = WHY_TIMEOUT;
	else if (r->verdict == VERDICT_STALLED || (r->reason && strstr(r->reason, "runnable task stall")))
		x->why = WHY_STALL;
	else if (r->reason && strstr(r->reason, "thrown out by the kernel"))
		x->why = WHY_THROWN_OUT;
	else if (log_last_program(log, &program))
		from_verifier(x, &program);
	else
		from_library(x, log, &more);
	from_evidence(x, &r->evidence, &more);
	say(x, more);
}

void explanation_free(struct explanation *x)
{
	free(x->program);
	free(x->subject);
	free(x->words);
	free(x->trail);
	*x = (struct explanation){ 0 };
}
