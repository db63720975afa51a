/* fuzz_tasks.c: what a guest says of its tasks; what is taken can be told in words and as JSON. */
#include "fuzz.h"

#include "json/read.h"
#include "json/write.h"
#include "verifier/tasks.h"

static char *written(const struct tasks *t, size_t *n)
{
	char *text;
	FILE *f = xmemstream(&text, n);
	struct jsonw w;

	jsonw_init(&w, f);
	tasks_write(&w, t);
	jsonw_done(&w);
	MUST(fclose(f) == 0);
	return text;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct {
		struct proto_worked head;
		struct proto_task v[3];
	} msg = { { 50, 1 },
		  { { TASK_SPINS, 0, 7, 1, 1, 1, 0, 0 }, { .kind = TASK_SPINS, .cpu = 1 }, { .kind = TASK_YIELDS } } };

	(void)argc, (void)argv;
	fuzz_seed("some", &msg, sizeof(msg));
	fuzz_seed("none", &msg, sizeof(msg.head));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct tasks t = { 0 }, back = { 0 };
	struct err e = { 0 };
	size_t n_text;

	if (tasks_parse(&t, data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	auto_free char *missing = tasks_missing(&t);
	auto_free char *text = written(&t, &n_text);
	auto_json struct json j = { 0 };

	MUST(!missing == tasks_progress(&t));
	MUST(json_parse(&j, text, n_text, &e) == 0 && tasks_read(&back, &j, 0, &e) == 0);
	MUST(back.n == t.n && back.ms == t.ms && (!t.n || !memcmp(back.v, t.v, t.n * sizeof(*t.v))));
	tasks_free(&t);
	tasks_free(&back);
	return 0;
}
