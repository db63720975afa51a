/* check-store: every result of the store held against its list of contents. What is damaged is no failure: it is told in "damaged",
 * a line each: key, step, file, why, with tabs between. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "text/text.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/verify.h"

static void show(size_t done, size_t total, const char *note)
{
	step_progress(done, total, note);
}

static int run(int dir, const char *path, struct err *e)
{
	auto_verdicts struct verdicts v = { 0 };
	auto_free char *lines = NULL, *facts = NULL;
	size_t n;

	(void)path;
	if (store_verify(&v, step_store(), VERIFY_ALL, show, e) < 0)
		return -1;
	FILE *f = xmemstream(&lines, &n);

	for (size_t i = 0; i < v.n; i++) {
		const char *const words[] = { v.v[i].key, v.v[i].step, v.v[i].file, v.v[i].why };

		for (size_t k = 0; k < countof(words); k++) {
			text_put(f, words[k], strlen(words[k]), TEXT_LINE);
			fputc(k + 1 < countof(words) ? '\t' : '\n', f);
		}
	}
	fclose(f);
	facts = xasprintf("results %zu\nbytes %llu\n", v.looked_at, (unsigned long long)v.bytes);
	if (file_write(dir, "damaged", lines, n, e) < 0 || file_write(dir, "facts", facts, strlen(facts), e) < 0)
		return -1;
	return 0;
}

const struct step step_check_store = {
	.name = "check-store",
	.format = 1,
	.summary = "read all results and compare them with what was stored",
	.run = run,
};
