/* fuzz_waiting.c: a guest whose run queues, dispatch queues and tasks are what the fuzzer likes, and the text that says where they are.
 *
 * The input is a list of changes to the RAM of a small sane guest: 3 bytes of address (in units of 4 bytes), 8 of content; or, when it
 * begins with "rq.", that text. */
#include "../unit/fake_queues.h"

enum { CHANGES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct fake_queues guest;
static uint64_t used;

static void guest_make(void)
{
	fq_open(&guest);
	fq_attach(&guest, 8);
	for (unsigned i = 0; i < 8; i++) {
		uint64_t task = fq_task(&guest, i + 1, "task", 15u >> i % 3, i * 1000u, i);

		fq_waits(&guest, i % FQ_CPUS, task, i % 3);
		fg_u64(&guest.g, task + 64, guest.g.base + fq_dsq(&guest, i, i, i, task));
	}
	used = guest.g.next;
}

static void look(void)
{
	auto_free char *hello = fq_hello();
	struct phys p = fg_phys(&guest.g);
	auto_kmem struct kmem m = { 0 };
	auto_rqs struct rqs r = { 0 };
	auto_dsqs struct dsqs d = { 0 };
	auto_waiters struct waiters w = { 0 };
	struct events v;
	struct err e;

	if (kmem_open(&m, &p, hello, strlen(hello), &e) < 0)
		return;
	(void)events_read(&v, &m, &fq_layout, &e);
	if (dsqs_read(&d, &m, &fq_layout, &e) == 0 && d.n > DSQS_MAX)
		abort();
	if (rqs_read(&r, &m, &fq_layout, &e) < 0)
		return;
	if (r.n != FQ_CPUS || !rqs_same(&r, &r))
		abort();
	if (waiters_read(&w, &m, &fq_layout, &r, &e) == 0 && w.n > WAITING_TASKS)
		abort();
	for (size_t i = 0; i < w.n; i++)
		if (strlen(w.v[i].comm) >= TASK_COMM || w.v[i].cpu >= FQ_CPUS)
			abort();
}

static void text(const uint8_t *data, size_t n)
{
	auto_free char *out = NULL;
	struct queues q, back;
	struct err e;
	size_t len;

	if (queues_parse(&q, (const char *)data, n, &e) < 0)
		return;
	FILE *f = xmemstream(&out, &len);

	queues_write(f, &q);
	fclose(f);
	if (queues_parse(&back, out, len, &e) < 0 || memcmp(&q, &back, sizeof(q)))
		abort();
}

static uint64_t address(const uint8_t *p)
{
	static const uint64_t hot[] = { FG_PGD, FQ_OFFSETS, FQ_ROOT, FG_PAGE_OFFSET_BASE };
	enum { PAGE = 4096, OBJECT = 512 };
	uint64_t at = (p[0] | (uint64_t)p[1] << 8) * 4;

	if (p[2] < countof(hot))
		return hot[p[2]] + at % OBJECT;
	return FG_FREE + (p[2] - countof(hot)) % ((used - FG_FREE) / PAGE) * PAGE + at % OBJECT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	uint64_t undo[CHANGES][2];
	size_t changes = 0;

	if (!guest.g.ram)
		guest_make();
	if (n > 3 && !memcmp(data, "rq.", 3)) {
		text(data, n);
		return 0;
	}
	for (; n >= 11 && changes < CHANGES; data += 11, n -= 11, changes++) {
		undo[changes][0] = address(data);
		memcpy(&undo[changes][1], guest.g.ram + undo[changes][0], 8);
		memcpy(guest.g.ram + undo[changes][0], data + 3, 8);
	}
	look();
	while (changes--)
		memcpy(guest.g.ram + undo[changes][0], &undo[changes][1], 8);
	return 0;
}
