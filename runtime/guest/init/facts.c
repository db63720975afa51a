/* facts.c: what the host must know about this kernel, gathered once: HELLO, and the kernel's own BTF. */
#include "guest/init/facts.h"
#include "guest/init/base/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/port.h"
#include "guest/init/sysctls.h"
#include "guest/init/topo.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* Absent ones are left out of HELLO: they depend on version and configuration. */
static const char *const wanted[] = {
	"_text", /* text_va */
	"_stext",
	"prog_idr",
	"map_idr",
	"page_offset_base",
	"init_top_pgt",
	"swapper_pg_dir",
	"__pgtable_l5_enabled",
	"phys_base",
	"vmalloc_base",
	"runqueues",
	"__per_cpu_offset",
	"scx_root",
	"dsq_hash",
	"jiffies_64",
	"scx_watchdog_timeout",
};
enum { N_WANTED = sizeof wanted / sizeof *wanted };

struct symbols {
	uint64_t va[N_WANTED];
	size_t len[N_WANTED];
	uint64_t lengths; /* bit n: a wanted name has n characters */
};

/* One line of /proc/kallsyms, "ffffffff81000000 T _text", without its end. A kernel has some 200,000 of them and an
 * emulated CPU reads this: the length alone turns most away. False at the first symbol of a module: the image's are
 * complete. */
static bool symbol_line(struct symbols *s, const char *line, size_t n)
{
	const char *name;
	size_t len;

	if (n < 20)
		return true;
	name = line + 19;
	len = n - 19;
	if (line[n - 1] == ']' && memchr(name, '\t', len))
		return false;
	if (len > 63 || !(s->lengths >> len & 1))
		return true;
	for (size_t i = 0; i < N_WANTED; i++) {
		if (s->len[i] != len || s->va[i] || memcmp(name, wanted[i], len) != 0)
			continue;
		s->va[i] = strtoull(line, NULL, 16);
		break;
	}
	return true;
}

static void symbols_read(struct symbols *s)
{
	static char buf[1 << 18];
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t got;
	bool more = true;

	*s = (struct symbols){ 0 };
	for (size_t i = 0; i < N_WANTED; i++) {
		s->len[i] = strlen(wanted[i]);
		s->lengths |= 1ull << s->len[i];
	}
	while (fd >= 0 && more && have < sizeof buf && (got = read(fd, buf + have, sizeof buf - have)) > 0) {
		char *line = buf, *end = buf + have + got, *nl;

		while (more && (nl = memchr(line, '\n', (size_t)(end - line)))) {
			more = symbol_line(s, line, (size_t)(nl - line));
			line = nl + 1;
		}
		have = (size_t)(end - line);
		memmove(buf, line, have);
	}
	if (fd >= 0)
		close(fd);
}

/* Physical address of the image, from "  01000000-01dfffff : Kernel code"; 0 when unknown. */
static uint64_t text_pa(void)
{
	FILE *f = fopen("/proc/iomem", "re");
	char line[256];
	uint64_t pa = 0;

	while (f && !pa && fgets(line, sizeof line, f))
		if (strstr(line, " : Kernel code"))
			pa = strtoull(line, NULL, 16);
	if (f)
		fclose(f);
	return pa;
}

static unsigned long mem_kb(void)
{
	char text[256];
	const char *p = slurp("/proc/meminfo", text, sizeof text) == 0 ? strstr(text, "MemTotal:") : NULL;

	return p ? strtoul(p + 9, NULL, 10) : 0;
}

/* Number of CPUs in a list such as "0-3,8". */
static unsigned long cpus(const char *path)
{
	char text[1024], *p = text;
	unsigned long n = 0;

	if (slurp(path, text, sizeof text) < 0)
		return 0;
	while (*p) {
		char *end;
		unsigned long from = strtoul(p, &end, 10), to = from;

		if (end == p)
			break;
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		n += to - from + 1;
		p = *end == ',' ? end + 1 : end;
	}
	return n;
}

void facts_hello(void)
{
	struct symbols s;
	struct utsname u;
	struct stat st;
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		die("out of memory");
	uname(&u);
	symbols_read(&s);
	fprintf(f, "version %u\nrelease %s\nmachine %s\n", PROTO_VERSION, u.release, u.machine);
	fprintf(f, "nr_cpus %lu\n", cpus("/sys/devices/system/cpu/possible"));
	fprintf(f, "online_cpus %lu\n", cpus("/sys/devices/system/cpu/online"));
	fprintf(f, "mem_kb %lu\n", mem_kb());
	fprintf(f, "text_pa %llx\ntext_va %llx\n", (unsigned long long)text_pa(), (unsigned long long)s.va[0]);
	fprintf(f, "scx %s\n", access("/sys/kernel/sched_ext", F_OK) == 0 ? "yes" : "no");
	fprintf(f, "btf %lld\n", stat(BTF_PATH, &st) == 0 ? (long long)st.st_size : 0LL);
	topo_write(f);
	sysctls_set(f);
	sysctls_unknown(f);
	if (board_address())
		fprintf(f, "board %llx\n", (unsigned long long)board_address());
	for (size_t i = 0; i < N_WANTED; i++)
		if (s.va[i])
			fprintf(f, "sym %s %llx\n", wanted[i], (unsigned long long)s.va[i]);
	fclose(f);
	port_send(MSG_HELLO, text, n);
	free(text);
}
