/* calls.c: what the kernel answered to a scheduler's bpf(2), so that a refusal is known from the kernel and not from words.
 *
 * Two return probes of tracefs in a trace buffer of our own: the entry of the system call, and the function that takes the
 * value of a struct_ops map, which the loader's descriptor does not tell from any other map. They are set at boot, before
 * the snapshot, and cost nothing but a moment per call of bpf(2). Only the numbers of the call are recorded, its name as two
 * numbers as well: nothing a scheduler hands in can look like a line of the trace. */
#include "guest/init/scx/calls.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACING "/sys/kernel/tracing"
#define TRACE TRACING "/instances/ktstr-calls"

/* Where the first and second argument of a system call are in struct pt_regs. */
#if defined(__x86_64__)
#define ENTRY "__x64_sys_bpf"
#define REGS_1 "112"
#define REGS_2 "104"
#elif defined(__aarch64__)
#define ENTRY "__arm64_sys_bpf"
#define REGS_1 "0"
#define REGS_2 "8"
#endif
/* Of union bpf_attr: the first word is the type of a map or program, the third the kind of a link, and the names follow. */
#define ATTR(off, type) "=+u" #off "(+" REGS_2 "($arg1)):" type

static const char *const probes[] = {
	"r:ktstr/call " ENTRY " cmd=+" REGS_1 "($arg1):u32 ret=$retval:s32 type" ATTR(0, "u32") " kind" ATTR(
		8, "u32") " p0" ATTR(48, "x64") " p1" ATTR(56, "x64") " m0" ATTR(28, "x64") " m1" ATTR(36, "x64"),
	"r:ktstr/value bpf_struct_ops_map_update_elem ret=$retval:s32",
};

enum { MAP_CREATE = 0, PROG_LOAD = 5, PROG_ATTACH = 8, RAW_TRACEPOINT_OPEN = 17, LINK_CREATE = 28, READS = 4096 };
#define FILTER "cmd == 0 || cmd == 5 || cmd == 8 || cmd == 17 || cmd == 28"

static int pipe_fd = -1;
static struct proto_call ring[PROTO_CALLS];
static uint32_t total;

static int append(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	size_t n = strlen(text);
	bool ok = fd >= 0 && write(fd, text, n) == (ssize_t)n;

	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

void calls_watch(void)
{
	if (append(TRACING "/kprobe_events", probes[0]) < 0 || mkdir(TRACE, 0700) < 0)
		return;
	(void)append(TRACING "/kprobe_events", probes[1]); /* a kernel may have it under another name */
	(void)spit(TRACE "/buffer_size_kb", "64");
	(void)spit(TRACE "/trace_options", "norecord-cmd");
	(void)spit(TRACE "/events/ktstr/value/enable", "1");
	if (spit(TRACE "/events/ktstr/call/filter", FILTER) == 0 && spit(TRACE "/events/ktstr/call/enable", "1") == 0)
		pipe_fd = open(TRACE "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* The name is in the order of memory: both ends are little endian. */
static void add(uint32_t cmd, int32_t ret, uint32_t type, const uint64_t *name)
{
	struct proto_call c = { .cmd = cmd, .error = ret < 0 ? -ret : 0, .type = type };

	if (name) {
		memcpy(c.name, name, sizeof c.name);
		c.name[sizeof c.name - 1] = '\0';
	}
	ring[total++ % PROTO_CALLS] = c;
}

/* "  task-123  [000] d..1.  4.567: call: (entry <- caller) cmd=5 ret=-22 type=27 …". A task may call itself as it likes, so
 * the numbers are looked for from behind. */
static void take_line(const char *line)
{
	const char *at = NULL, *value = NULL;
	uint64_t name[4];
	uint32_t cmd, type, kind;
	int32_t ret;

	for (const char *p = line; (p = strstr(p, " cmd=")); p++)
		at = p;
	for (const char *p = line; (p = strstr(p, ") ret=")); p++)
		value = p;
	if (at && sscanf(at,
			 " cmd=%" SCNu32 " ret=%" SCNd32 " type=%" SCNu32 " kind=%" SCNu32 " p0=%" SCNx64 " p1=%" SCNx64
			 " m0=%" SCNx64 " m1=%" SCNx64,
			 &cmd, &ret, &type, &kind, &name[0], &name[1], &name[2], &name[3]) == 8)
		add(cmd, ret, cmd == LINK_CREATE || cmd == PROG_ATTACH ? kind : type,
		    cmd == PROG_LOAD    ? name
		    : cmd == MAP_CREATE ? name + 2
					: NULL);
	else if (value && sscanf(value, ") ret=%" SCNd32, &ret) == 1)
		add(CALL_STRUCT_OPS_VALUE, ret, 0, NULL);
}

/* trace_pipe gives whole lines as long as they fit into the buffer. */
static void take_all(void)
{
	static char buf[16384];
	ssize_t n;

	for (int i = 0; pipe_fd >= 0 && i < READS; i++) {
		n = read(pipe_fd, buf, sizeof buf - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		buf[n] = '\0';
		for (char *line = buf, *end; line && *line; line = end) {
			end = strchr(line, '\n');
			if (end)
				*end++ = '\0';
			take_line(line);
		}
	}
}

void calls_begin(void)
{
	take_all();
	total = 0;
}

void calls_tell(void)
{
	static struct {
		struct proto_calls head;
		struct proto_call v[PROTO_CALLS];
	} message;
	uint32_t n;

	take_all();
	n = total < PROTO_CALLS ? total : PROTO_CALLS;
	message.head = (struct proto_calls){ .traced = pipe_fd >= 0, .total = total };
	for (uint32_t i = 0; i < n; i++)
		message.v[i] = ring[(total - n + i) % PROTO_CALLS];
	port_send(MSG_CALLS, &message, sizeof message.head + n * sizeof message.v[0]);
}
