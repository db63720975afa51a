/* fuzz_launch.c: any bytes as what comes back from a launched step, as a job on its way, and as a launcher's words. */
#include "fuzz.h"

#include "base/mem.h"
#include "launch/command.h"
#include "launch/job.h"
#include "launch/line.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char job[] = "/\0001\0A=b\0run\0--out\0x";

	(void)argc, (void)argv;
	fuzz_seed("event", "ktstr-launch event note\\0id\\0a \\n text\\0", 40);
	fuzz_seed("end", "ktstr-launch end 130\r", 21);
	fuzz_seed("job", job, sizeof(job));
	fuzz_seed("words", "srun -c{cpus} 'a b'\nrun=ssh \"x\\\"\"\n", 34);
	return 0;
}

static void back(const char *text)
{
	struct line l, again;

	line_read(&l, text);
	if (l.kind == LINE_OTHER)
		return;
	auto_free char *written = line_write(&l);

	MUST(written[strlen(written) - 1] == '\n' && !memchr(written, '\n', strlen(written) - 1));
	written[strlen(written) - 1] = '\0';
	line_read(&again, written);
	MUST(again.kind == l.kind && again.code == l.code);
	MUST(l.kind != LINE_EVENT || (!strcmp(l.event.id, again.event.id) && !strcmp(l.event.text, again.event.text)));
}

static void words(const char *text)
{
	auto_launcher struct launcher l = { 0 };
	auto_argv struct argv a = { 0 };
	struct err e = { 0 };

	if (launcher_parse(&l, text, &e) < 0) {
		must_say_why(&e);
		return;
	}
	const struct argv *of = launcher_for(&l, "run");

	if (of)
		launcher_fill(&a, of, "run", 4, 1280);
	MUST(!of || (of->n && a.n == of->n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = xstrndup((const char *)data, n);
	auto_job struct job j = { 0 };
	struct err e = { 0 };

	back(text);
	words(text);
	(void)job_header(text);
	if (job_parse(&j, (const char *)data, n, &e) < 0)
		must_say_why(&e);
	else
		MUST(*j.folder == '/' && j.words.n);
	return 0;
}
