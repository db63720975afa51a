/* fuzz_log.c: what a scheduler printed. Every view lies in the text, every walk ends, and a text in which nothing was
 * collapsed is left alone; what is said about it can be shown. */
#include "fuzz.h"

#include "base/mem.h"
#include "verifier/evidence.h"
#include "verifier/collapse.h"
#include "verifier/explain.h"
#include "verifier/reason.h"
#include "verifier/result.h"

static bool lies_in(struct view v, struct view text)
{
	return !v.n || (v.p >= text.p && v.n <= text.n && v.p - text.p <= (ptrdiff_t)(text.n - v.n));
}

static void views(struct view text)
{
	struct log_stats s = { 0 };
	struct view v;
	struct log_program p;
	size_t last = 0;

	for (size_t at = 0; log_program(text, &at, &p); last = at)
		MUST(lies_in(p.name, text) && lies_in(p.text, text) && at > last && at <= text.n);
	last = 0;
	for (size_t at = 0; log_outside(text, &at, &v); last = at)
		MUST(lies_in(v, text) && at > last && at <= text.n);
	auto_free char *why = reason_find(text);

	MUST(!why || (*why && !strchr(why, '\n')));
	struct evidence x = evidence_find(&(struct calls){ .traced = false }, text);

	MUST(x.by == EVIDENCE_NONE || x.by == EVIDENCE_LIBBPF);
	(void)evidence_refuses(&x);
	log_stats(text, &s);
	MUST(lies_in(s.stack, text));
}

static void can_be_shown(const char *text)
{
	for (; text && *text; text++)
		MUST((unsigned char)*text >= ' ' || *text == '\n');
}

static void why(struct view text)
{
	static const enum verdict verdicts[] = { VERDICT_REJECTED, VERDICT_DIED };

	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
		const struct result r = { .verdict = verdicts[i] };
		auto_explanation struct explanation x = { 0 };

		explain(&x, &r, text);
		MUST(why_name(x.why));
		can_be_shown(x.program);
		can_be_shown(x.subject);
		can_be_shown(x.words);
		can_be_shown(x.trail);
	}
}

static void collapse(struct view text)
{
	static const char omitted[] = " identical iterations omitted ---";
	auto_free char *out = NULL;
	size_t n;
	FILE *f = xmemstream(&out, &n);

	collapse_write(f, text);
	MUST(fclose(f) == 0);
	if (!memmem(out, n, omitted, sizeof omitted - 1))
		MUST(n == text.n && !memcmp(out, text.p, n));
}

/* Fuzzing finds no loop of 6 times 5 equal lines by itself: each byte of input says how often which line comes. */
static void loops(const uint8_t *data, size_t n)
{
	static const char *const lines[] = {
		"1: (07) r1 += 1               ; R1_w=scalar()",
		"2: (bf) r2 = r1",
		"3: (85) call bpf_loop#181",
		"from 3 to 1: R0=1 R1=2 R10=fp0",
		"4: (05) goto pc-3",
		"5: (95) exit",
		"; for (i = 0; i < n; i++)",
		"",
	};
	auto_free char *text = NULL;
	size_t len;
	long len_max = 3000; /* lines */
	FILE *f = xmemstream(&text, &len);

	for (size_t i = 0; i < n && len_max > 0; i++) {
		size_t from = i, times = 1;

		if (data[i] & 0x80 && i >= 8) {
			from = i - 8;
			times = data[i] & 0x1f;
		}
		for (; times; times--) {
			for (size_t k = from; k < i + (from == i); k++, len_max--)
				fprintf(f, "%s\n", lines[data[k] & 7]);
		}
	}
	MUST(fclose(f) == 0);
	collapse((struct view){ text, len });
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "libbpf: prog 'f': BPF program load failed: Invalid argument\n"
				   "libbpf: prog 'f': -- BEGIN PROG LOAD LOG --\n"
				   "0: R1=ctx() R10=fp0\n; return x; @ a.c:1\n0: (61) r0 = *(u32 *)(r1 +4096)\n"
				   "invalid bpf_context access off=4096 size=4\n"
				   "verification time 12 usec\nstack depth 16+0\n"
				   "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 "
				   "peak_states 0 mark_read 0\n-- END PROG LOAD LOG --\nError: done\n";
	static const uint8_t loop[] = { 0, 1, 2, 3, 4, 6, 0, 1, 0x8a, 5 };

	(void)argc, (void)argv;
	fuzz_seed("refused", text, sizeof text - 1);
	fuzz_seed("loop", loop, sizeof loop);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct view text = { (const char *)data, n };

	views(text);
	why(text);
	collapse(text);
	loops(data, n);
	return 0;
}
