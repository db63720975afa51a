/* fuzz_uploadpack.c: what a git server says, in pieces of any size: its greeting, its names, its pack. */
#include "fuzz.h"

#include "base/utf8.h"
#include "fetch/git/uploadpack.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define V0 \
	"0053" A " HEAD\0side-band-64k shallow ofs-delta00000009NAK\n" \
	"0009\1PACK0000"
#define V2 \
	"000eversion 2\n0012fetch=shallow\n0000" \
	"0032" A " HEAD\n0000" \
	"000dpackfile\n0009\1PACK0007\2hi0000"

struct input {
	const uint8_t *data;
	size_t n, piece;
};

static int read_input(void *arg, void *buf, size_t max, struct err *e)
{
	struct input *in = arg;
	size_t n = in->n < max ? in->n : max;

	(void)e;
	n = n < in->piece ? n : in->piece;
	memcpy(buf, in->data, n);
	in->data += n;
	in->n -= n;
	return (int)n;
}

static int send_nowhere(void *arg, const void *data, size_t n, struct err *e)
{
	(void)arg, (void)data, (void)n, (void)e;
	return 0;
}

static int on_pack(void *arg, const void *data, size_t n, struct err *e)
{
	(void)arg, (void)e;
	MUST(data && n > 0 && n < PKT_MAX);
	return 0;
}

static void plain(const char *text)
{
	for (const char *p = text; *p; p++)
		MUST((unsigned char)*p >= ' ' && *p != 127);
}

static void on_words(void *arg, const char *text)
{
	(void)arg;
	plain(text);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_seed("v0", "\7" V0, sizeof("\7" V0) - 1);
	fuzz_seed("v2", "\xff" V2, sizeof("\xff" V2) - 1);
	return 0;
}

/* What was taken is what git would have; what is shown cannot hurt a terminal. */
static void check(struct upload *up)
{
	struct err e = { 0 };

	for (size_t i = 0; i < up->refs.n; i++) {
		const struct git_ref *r = &up->refs.v[i];

		MUST(git_is_oid(r->oid, strlen(r->oid)) && (!*r->peeled || git_is_oid(r->peeled, strlen(r->peeled))));
		plain(r->name);
		MUST(!strchr(r->name, ' ') && git_refs_find(&up->refs, r->name));
		MUST(git_refs_with(&up->refs, git_ref_commit(r)));
	}
	git_refs_none(&up->refs, "master", "url", &e);
	must_say_why(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct upload up;
	struct input in = { n ? data + 1 : data, n ? n - 1 : 0, n && data[0] ? data[0] : 1 };
	const struct upload_sink sink = { on_pack, on_words, NULL };
	struct err e = { 0 };

	memset(&up, 0, sizeof(up));
	up.in.read = read_input;
	up.in.arg = &in;
	up.send = send_nowhere;
	up.shown = "url";
	if (upload_greeting(&up, &e) < 0 || upload_refs(&up, "x", &e) < 0 || upload_pack(&up, A, &sink, &e) < 0)
		must_say_why(&e);
	check(&up);
	upload_end(&up);
	return 0;
}
