/* console.c: the serial console, kept whole as far as memory allows, and what it says about a guest's health. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/stop.h"
#include "progress/log.h"
#include "text/text.h"
#include "vm/console.h"
#include "vm/state.h"

enum { READ_SIZE = 16384, READS = 64, VERDICT_MAX = 240, EXCERPT_LINES = 12, EXCERPT_MAX = 1200, LOOK_MS = 1000 };

static const char panic_words[] = "Kernel panic";

static void tell_unsaid(struct vm *vm)
{
	if (vm->unsaid_n)
		log_lines(vm->unsaid, vm->unsaid_n);
	vm->unsaid_n = 0;
}

/* By whole lines, as far as they fit: an escape sequence that came in two pieces is one. */
static void tell(struct vm *vm, const char *data, size_t n)
{
	while (n) {
		const char *end = memchr(data, '\n', n);
		size_t line = end ? (size_t)(end + 1 - data) : n, room = sizeof(vm->unsaid) - vm->unsaid_n;
		size_t take = line < room ? line : room;

		memcpy(vm->unsaid + vm->unsaid_n, data, take);
		vm->unsaid_n += take;
		if (vm->unsaid[vm->unsaid_n - 1] == '\n' || vm->unsaid_n == sizeof(vm->unsaid))
			tell_unsaid(vm);
		data += take;
		n -= take;
	}
}

static void append(struct vm *vm, const char *data, size_t n)
{
	if (vm->log_n + n > VM_LOG_MAX) {
		size_t drop = vm->log_n / 2;

		vm->log_n -= drop;
		memmove(vm->log, vm->log + drop, vm->log_n);
	}
	if (vm->log_n + n > vm->log_cap) {
		vm->log_cap = 2 * (vm->log_n + n);
		vm->log = xreallocarray(vm->log, vm->log_cap, 1);
	}
	memcpy(vm->log + vm->log_n, data, n);
	vm->log_n += n;
	/* The words may have begun in what came before. */
	size_t look = n + sizeof(panic_words) < vm->log_n ? n + sizeof(panic_words) : vm->log_n;

	if (memmem(vm->log + vm->log_n - look, look, panic_words, sizeof(panic_words) - 1))
		vm->panicked = true;
}

static void drain_console(struct vm *vm)
{
	char buf[READ_SIZE];

	for (int i = 0; vm->console >= 0 && i < READS; i++) {
		ssize_t n = recv(vm->console, buf, sizeof(buf), MSG_DONTWAIT);

		if (n > 0) {
			append(vm, buf, (size_t)n);
			if (vm->echo)
				tell(vm, buf, (size_t)n);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			tell_unsaid(vm);
			close(vm->console);
			vm->console = -1;
		} else {
			return;
		}
	}
}

static void drain_stderr(struct vm *vm)
{
	char buf[READ_SIZE];

	for (int i = 0; vm->says >= 0 && i < READS; i++) {
		ssize_t n = read(vm->says, buf, sizeof(buf));

		if (n > 0) {
			size_t room = sizeof(vm->said) - 1 - vm->said_n;
			size_t take = (size_t)n < room ? (size_t)n : room;

			memcpy(vm->said + vm->said_n, buf, take);
			vm->said_n += take;
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			close(vm->says);
			vm->says = -1;
		} else {
			return;
		}
	}
}

/* What we have is given back to the host: a guest that says the same for days must not fill its memory. A short read is the end for
 * now: one that never falls silent must not keep us. */
static void drain_file(struct vm *vm)
{
	char buf[READ_SIZE];
	uint64_t from = vm->console_at;
	ssize_t n = vm->console_file < 0 ? 0 : sizeof(buf);

	while (n == sizeof(buf) && (n = pread(vm->console_file, buf, sizeof(buf), (off_t)vm->console_at)) > 0) {
		append(vm, buf, (size_t)n);
		if (vm->echo)
			tell(vm, buf, (size_t)n);
		vm->console_at += (uint64_t)n;
	}
	if (vm->console_at > from)
		(void)fallocate(vm->console_file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
				(off_t)(vm->console_at - from)); /* else it is kept as long as the guest runs */
}

long long console_look(const struct vm *vm, long long deadline)
{
	long long next = now_ms() + LOOK_MS;

	return vm->console_file < 0 || (deadline >= 0 && deadline < next) ? deadline : next;
}

void console_drain(struct vm *vm)
{
	drain_console(vm);
	drain_file(vm);
	drain_stderr(vm);
}

/* Text of one console line for people: without its time stamp and line end. */
static char *clean_line(const char *line, size_t n)
{
	while (n && isspace((unsigned char)line[n - 1]))
		n--;
	if (n && line[0] == '[') {
		const char *end = memchr(line, ']', n < 20 ? n : 20);

		if (end && (size_t)(end - line) == strspn(line + 1, " 0123456789.T") + 1) {
			n -= (size_t)(end + 1 - line);
			line = end + 1;
		}
	}
	while (n && *line == ' ') {
		line++;
		n--;
	}
	return text_plain(line, text_fit(line, n, VERDICT_MAX), TEXT_LINE);
}

/* word somewhere in the line and not behind a letter ("DEBUG: " is no "BUG: "). */
static bool has_word(const char *line, size_t n, const char *word)
{
	for (const char *p = line;; p++) {
		p = memmem(p, n - (size_t)(p - line), word, strlen(word));
		if (!p)
			return false;
		if (p == line || !isalnum((unsigned char)p[-1]))
			return true;
	}
}

struct sign {
	const char *word, *and; /* both in one line; and may be NULL */
	int weight;             /* the heaviest line wins, of equals the first */
};

static int weigh(const char *line, size_t n)
{
	static const struct sign signs[] = {
		{ panic_words, NULL, 4 },
		{ "BUG: ", NULL, 3 },
		{ "kernel BUG at", NULL, 3 },
		{ "Oops: ", NULL, 3 },
		{ "general protection fault", NULL, 3 },
		{ "soft lockup", NULL, 2 },
		{ "hard LOCKUP", NULL, 2 },
		{ "rcu: INFO:", "stall", 2 },
		{ "watchdog: ", NULL, 2 },
		{ "INFO: task ", "blocked for more than", 2 },
		{ "Out of memory", NULL, 1 },
		{ "oom-kill:", NULL, 1 },
	};

	for (size_t i = 0; i < countof(signs); i++)
		if (has_word(line, n, signs[i].word) && (!signs[i].and || has_word(line, n, signs[i].and)))
			return signs[i].weight;
	return 0;
}

char *vm_console_verdict(const char *log, size_t n)
{
	const char *best = NULL;
	size_t best_n = 0;
	int best_weight = 0;

	while (n) {
		const char *end = memchr(log, '\n', n);
		size_t len = end ? (size_t)(end - log) : n;
		int weight = weigh(log, len);

		if (weight > best_weight) {
			best = log;
			best_n = len;
			best_weight = weight;
		}
		len += end != NULL;
		log += len;
		n -= len;
	}
	return best ? clean_line(best, best_n) : NULL;
}

char *vm_console_tail(const struct vm *vm, int lines)
{
	const char *log = vm->log ? vm->log : "";
	size_t from = vm->log_n;

	while (from && isspace((unsigned char)log[from - 1]))
		from--;
	size_t end = from;
	for (; from; from--)
		if (log[from - 1] == '\n' && --lines <= 0)
			break;
	return text_plain(log + from, end - from, TEXT_LINES);
}

char *console_excerpt(const struct vm *vm)
{
	auto_free char *tail = vm_console_tail(vm, EXCERPT_LINES);
	size_t n = strlen(tail), skip = n > EXCERPT_MAX ? n - EXCERPT_MAX : 0;
	char *text = NULL;
	size_t size;

	if (!n)
		return xstrdup("");
	FILE *f = xmemstream(&text, &size);

	/* Not from within a character. */
	skip = skip ? text_fit(tail, n, skip) : 0;
	fputs("\nconsole:\n", f);
	text_indent(f, tail + skip, n - skip, 2);
	fclose(f);
	text[size - 1] = '\0'; /* the last line's end */
	return text;
}
