/* progs.c: the BPF programs as the guest's own kernel lists them; the host compares it with what it read from outside.
 *
 * The structures are the kernel's ABI, spelled out so that older headers do not matter. */
#include "guest/init/scx/progs.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PROG_GET_NEXT_ID = 11, PROG_GET_FD_BY_ID = 13, OBJ_GET_INFO_BY_FD = 15 };

struct id_attr {
	uint32_t id, next_id, open_flags;
};

struct info_attr {
	uint32_t fd, info_len;
	uint64_t info;
};

/* struct bpf_prog_info up to verified_insns (Linux 5.16). */
struct prog_info {
	uint32_t type, id;
	uint8_t tag[8];
	uint32_t jited_len, xlated_len;
	uint64_t jited_insns, xlated_insns, load_time;
	uint32_t uid, nr_map_ids;
	uint64_t map_ids;
	char name[16];
	uint32_t ifindex, gpl;
	uint64_t netns_dev, netns_ino;
	uint32_t nr_ksyms, nr_func_lens;
	uint64_t ksyms, func_lens;
	uint32_t btf_id, func_info_rec;
	uint64_t func_info;
	uint32_t nr_func_info, nr_line_info;
	uint64_t line_info, jited_line_info;
	uint32_t nr_jited_line_info, line_info_rec, jited_line_info_rec, nr_tags;
	uint64_t tags, run_ns, run_cnt, recursion_misses;
	uint32_t verified_insns, pad;
};
_Static_assert(offsetof(struct prog_info, verified_insns) == 216, "bpf_prog_info is an ABI");

static long bpf(int cmd, void *attr, size_t n)
{
	return syscall(SYS_bpf, cmd, attr, n);
}

static void line(FILE *f, uint32_t id)
{
	struct id_attr open = { .id = id };
	struct prog_info p = { 0 };
	struct info_attr info = { .info_len = sizeof p, .info = (uintptr_t)&p };
	long fd = bpf(PROG_GET_FD_BY_ID, &open, sizeof open);

	if (fd < 0)
		return; /* gone since we were told its id */
	info.fd = (uint32_t)fd;
	if (bpf(OBJ_GET_INFO_BY_FD, &info, sizeof info) == 0)
		fprintf(f, "%u %u %u %u %u %llu %llu %.16s\n", p.id, p.type, p.verified_insns, p.jited_len,
			p.xlated_len, (unsigned long long)p.run_cnt, (unsigned long long)p.run_ns, p.name);
	close((int)fd);
}

void progs_send(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	if (!f)
		die("out of memory");
	for (struct id_attr a = { 0 }; bpf(PROG_GET_NEXT_ID, &a, sizeof a) == 0; a.id = a.next_id)
		line(f, a.next_id);
	fclose(f);
	port_send(MSG_PROGS_ARE, text, n < PROTO_MAX ? n : PROTO_MAX);
	free(text);
}
