/* fuzz_calls.c: what a guest says of a scheduler's calls of bpf(2), and behind it what the scheduler printed. */
#include "fuzz.h"

#include "json/read.h"
#include "json/write.h"
#include "verifier/evidence.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char words[] =
		"libbpf: extern (func ksym) 'f': not found in kernel or module BTFs\n"
		"libbpf: failed to load object 'x'\nlibbpf: failed to load BPF skeleton 'x': -EINVAL\n";
	struct {
		struct proto_calls head;
		struct proto_call v[2];
		char text[sizeof(words)];
	} msg = { { 1, 2 }, { { 5, 0, 27, "x_init" }, { 5, 13, 27, "x_dispatch" } }, "" };

	(void)argc, (void)argv;
	memcpy(msg.text, words, sizeof(words));
	fuzz_seed("refused", &msg, sizeof(msg));
	msg.head.total = 0;
	memcpy(msg.v, words, sizeof(words) < sizeof(msg.v) ? sizeof(words) : sizeof(msg.v));
	fuzz_seed("words", &msg, sizeof(msg));
	return 0;
}

static void check(const struct calls *c, struct view text)
{
	struct evidence x = evidence_find(c, text), back;
	auto_free char *json = NULL;
	auto_json struct json j = { 0 };
	struct err e = { 0 };
	struct jsonw w;
	size_t n;

	MUST(x.by == EVIDENCE_NONE ? !x.error && !evidence_refuses(&x) : x.error > 0);
	MUST(!c->traced || c->total || x.by == EVIDENCE_NONE);
	FILE *f = xmemstream(&json, &n);

	jsonw_init(&w, f);
	evidence_write(&w, &x);
	jsonw_done(&w);
	MUST(fclose(f) == 0 && json_parse(&j, json, n, &e) == 0);
	MUST(evidence_read(&back, &j, 0, &e) == 0 && !memcmp(&back, &x, sizeof(x)));
	free(evidence_words(&x));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_calls struct calls c = { 0 };
	struct proto_calls head = { 0 };
	struct err e = { 0 };

	if (n >= sizeof(head))
		memcpy(&head, data, sizeof(head));
	size_t most = (n - (n < sizeof(head) ? n : sizeof(head))) / sizeof(struct proto_call);
	size_t calls = head.total < most ? head.total : most;
	size_t message = n < sizeof(head) ? n : sizeof(head) + calls * sizeof(struct proto_call);

	if (calls_parse(&c, data, message, &e) < 0)
		must_say_why(&e);
	else
		check(&c, (struct view){ (const char *)data + message, n - message });
	return 0;
}
