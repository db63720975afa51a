/* collapse [MB]: how long cycle collapse takes, in CPU time, for made-up verifier logs of that size (50). */
#include "base/mem.h"
#include "verifier/collapse.h"
#include <time.h>

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* One loop of 40 instructions for the whole log, as an endless loop gives it. */
static void one_loop(FILE *f, size_t i)
{
	fprintf(f, "%zu: (07) r%zu += 1                        ; R1_w=scalar(umin=%zu,umax=%zu)\n", i % 40, i % 10, i,
		i + 7);
}

/* Nested: a loop of 8 within one of 400, and now and then a line that fits nowhere. */
static void nested(FILE *f, size_t i)
{
	size_t insn = i % 400 < 320 ? i % 8 : i % 400;

	if (i % 100000 == 99999)
		fprintf(f, "from %zu to %zu: R0=%zu\n", i, i / 2, i);
	else
		fprintf(f, "%zu: (bf) r%zu = r%zu                      ; frame1: R3_w=scalar(id=%zu)\n", insn, insn % 9,
			insn % 7, i);
}

/* Nothing repeats. */
static void straight(FILE *f, size_t i)
{
	fprintf(f, "%zu: (61) r1 = *(u32 *)(r%zu +%zu)         ; R1_w=scalar(smin=0,smax=%zu)\n", i, i % 10, i * 7, i);
}

/* The most frequent line comes at every second place, in no order that a cycle could be made of. */
static void noise(FILE *f, size_t i)
{
	if (i % 2)
		fprintf(f, "7: (85) call bpf_map_lookup_elem#1 ; R0=map_value_or_null(id=%zu)\n", i);
	else
		fprintf(f, "%zu: (b7) r2 = %zu\n", i * 2654435761u % 1000, i * 40503u % 65536);
}

static const struct {
	const char *name;
	void (*line)(FILE *f, size_t i);
} logs[] = { { "one loop", one_loop }, { "loop in a loop", nested }, { "no loop", straight }, { "noise", noise } };

int main(int argc, char **argv)
{
	size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : 50) << 20;

	for (size_t k = 0; k < countof(logs); k++) {
		auto_free char *text = NULL;
		auto_free char *out = NULL;
		size_t n, n_out, lines = 0;
		FILE *f = xmemstream(&text, &n);

		for (; (size_t)ftell(f) < size; lines++)
			logs[k].line(f, lines);
		fclose(f);
		FILE *to = xmemstream(&out, &n_out);
		double from = cpu_ms();

		collapse_write(to, (struct view){ text, n });
		fclose(to);
		printf("%-34s %9.0f  (%zu MB, %zu lines, to %zu bytes)\n", logs[k].name, cpu_ms() - from, n >> 20,
		       lines, n_out);
	}
	return 0;
}
