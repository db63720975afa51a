/* exit_info.c: what the kernel says when it lets go of a scheduler: the lines of its log, and sched_ext's dump.
 *
 * The dump only exists as a trace event. It goes into a trace buffer of our own, small, so that neither the host's memory
 * nor whoever traces in the guest notices; it is switched on before the snapshot, so that no run pays for it. */
#include "guest/init/scx/exit_info.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRACE "/sys/kernel/tracing/instances/ktstr"
#define PREFIX "sched_ext:"
#define MARK "sched_ext_dump: "

enum { LOG_MAX = 8 << 10, DUMP_MAX = 48 << 10, RECORD_MAX = 8 << 10, RECORDS = 4096 };

struct text {
	size_t n, max;
	char data[DUMP_MAX];
};

static int kmsg = -1, pipe_fd = -1;

static void add(struct text *t, const char *data, size_t n)
{
	size_t room = t->max - t->n;

	if (n > room)
		n = room;
	memcpy(t->data + t->n, data, n);
	t->n += n;
}

/* The buffer shrinks before the event is on; recording task names would cost every switch of tasks. */
void exit_info_watch(void)
{
	if (access("/sys/kernel/sched_ext/state", R_OK) < 0 || mkdir(TRACE, 0700) < 0)
		return;
	(void)spit(TRACE "/buffer_size_kb", "64");
	(void)spit(TRACE "/trace_options", "norecord-cmd");
	if (spit(TRACE "/events/sched_ext/sched_ext_dump/enable", "1") == 0)
		pipe_fd = open(TRACE "/trace_pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

void exit_info_begin(void)
{
	if (kmsg < 0)
		kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
}

/* A record is "PRIORITY,NUMBER,TIME,FLAGS;text\n KEY=value\n…". Ours, and the indented ones behind it: a backtrace. */
static bool add_record(struct text *t, const char *record, size_t n, bool behind_ours)
{
	const char *text = memchr(record, ';', n);
	const char *end = text ? memchr(text, '\n', (size_t)(record + n - text)) : NULL;
	bool ours;

	if (!end)
		return false;
	text++;
	ours = (size_t)(end - text) > strlen(PREFIX) &&
	       (!strncmp(text, PREFIX, strlen(PREFIX)) || (behind_ours && *text == ' '));
	if (ours)
		add(t, text, (size_t)(end + 1 - text));
	return ours;
}

static void read_log(struct text *t)
{
	static char record[RECORD_MAX];
	bool ours = false;

	/* A kernel that never stops talking is left to itself. */
	for (int i = 0; kmsg >= 0 && i < RECORDS; i++) {
		ssize_t n = read(kmsg, record, sizeof record);

		if (n > 0)
			ours = add_record(t, record, (size_t)n, ours);
		else if (n == 0 || (errno != EPIPE && errno != EINTR)) /* EPIPE: some were overwritten */
			return;
	}
}

/* Of every line, what stands behind the event's name. */
static void add_lines(struct text *t, const char *data, size_t n)
{
	while (n) {
		const char *end = memchr(data, '\n', n);
		size_t len = end ? (size_t)(end + 1 - data) : n;
		const char *text = memmem(data, len, MARK, strlen(MARK));

		if (text)
			add(t, text + strlen(MARK), (size_t)(data + len - text) - strlen(MARK));
		data += len;
		n -= len;
	}
}

/* trace_pipe gives whole lines as long as they fit into the buffer. */
static void read_dump(struct text *t)
{
	static char buf[16384];
	ssize_t n;

	while (pipe_fd >= 0 && ((n = read(pipe_fd, buf, sizeof buf)) > 0 || (n < 0 && errno == EINTR)))
		add_lines(t, buf, n > 0 ? (size_t)n : 0);
}

void exit_info_tell(void)
{
	static struct text log = { .max = LOG_MAX }, dump = { .max = DUMP_MAX };
	static char message[sizeof(struct proto_exit_info) + LOG_MAX + DUMP_MAX];
	struct proto_exit_info head;

	log.n = dump.n = 0;
	read_log(&log);
	read_dump(&dump);
	if (!memmem(log.data, log.n, "disabled", strlen("disabled")))
		return;
	head.log_len = (uint32_t)log.n;
	memcpy(message, &head, sizeof head);
	memcpy(message + sizeof head, log.data, log.n);
	memcpy(message + sizeof head + log.n, dump.data, dump.n);
	port_send(MSG_EXIT_INFO, message, sizeof head + log.n + dump.n);
}
