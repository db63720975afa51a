#include "letter/letter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "store/content.h"

static int add_file(struct label *r, int dir, const struct content_file *c, struct err *e)
{
	auto_body struct body b = { 0 };
	struct label_file f = { .size = c->size, .sparse = body_is_sparse(dir, c->name) };
	struct stat st;

	if (r->n == LABEL_FILES || strlen(c->name) > LABEL_NAME_MAX)
		return err_set(e, X_FAIL, "the result has more files, or longer names, than travel");
	if (fstatat(dir, c->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "look at %s", c->name);
	f.program = st.st_mode & 0111;
	if (body_file(&b, dir, c->name, f.sparse, e) < 0 || body_sum(&b, f.blob, e) < 0)
		return -1;
	f.bytes = b.size;
	r->bytes += b.size;
	memcpy(f.hex, c->hex, sizeof(f.hex));
	f.name = xstrdup(c->name);
	r->v = xreallocarray(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] = f;
	return 0;
}

static int add_recipe(struct label *r, int dir, struct err *e)
{
	struct stat st;

	if (fstatat(dir, "recipe", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "look at the recipe");
	r->recipe = (uint64_t)st.st_size;
	return 0;
}

int letter_label(struct label *r, int dir, const char *key, const struct letter_facts *facts, const char *secret,
		 struct err *e)
{
	auto_content struct content c = { 0 };
	auto_label struct label new = { .step = xstrdup(facts->step),
					.tool = xstrdup(facts->tool),
					.host = xstrdup(facts->host),
					.made = facts->made,
					.took = facts->took };

	memcpy(new.key, key, KEY_LEN);
	if (content_read(&c, dir, e) < 0 || add_recipe(&new, dir, e) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++)
		if (add_file(&new, dir, &c.v[i], e) < 0)
			return -1;
	if (secret) {
		auto_free char *text = label_text(&new);

		hash_mac(secret, text, strlen(text), new.mac);
	}
	*r = new;
	new = (struct label){ 0 };
	return 0;
}

static uint64_t inside(const struct label *r, uint64_t limit)
{
	uint64_t all = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].bytes <= limit)
			all += r->v[i].bytes;
	return all;
}

uint64_t letter_limit(const struct label *r, uint64_t max)
{
	uint64_t limit = max;

	while (limit && inside(r, limit) > max)
		limit /= 2;
	return limit;
}

int letter_body(struct body *b, const struct label *r, int dir, uint64_t limit, struct err *e)
{
	auto_free char *plain = label_text(r);
	auto_free char *text = *r->mac ? xasprintf("%smac %s\n", plain, r->mac) : xstrdup(plain);
	auto_free char *head = xasprintf("ktstr letter 1 %zu %" PRIu64 "\n", strlen(text), limit);

	if (strlen(text) > LABEL_MAX)
		return err_set(e, X_FAIL, "the label of the result is too long");
	body_text(b, head, strlen(head));
	body_text(b, text, strlen(text));
	if (body_file(b, dir, "recipe", false, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].bytes <= limit && body_file(b, dir, r->v[i].name, r->v[i].sparse, e) < 0)
			return -1;
	return 0;
}
