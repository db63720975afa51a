/* members.c: one pass over all types finds the few structures by name, then each member is looked up in them.
 *
 * libbpf 1.1 trusts what it parses (1.3 began to look), so the header is judged here first, only calls that check type
 * ids and string offsets are used, and the descent into anonymous structures is counted. */
#include "inspect/members.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum {
	NEST_MAX = 8,
	VISITS_MAX = 1 << 17,
	HEADER_LEN = 24,
};
#define BTF_BYTES_MAX ((size_t)256 << 20)

static bool plausible(const struct member_row *r, const struct member *m)
{
	return m->off >= 0 && m->off < MEMBERS_OFFSET && m->size >= r->min && m->size <= r->max;
}

static struct member *target(void *to, const struct member_row *r)
{
	return (struct member *)((char *)to + r->target);
}

/* Sections inside the data, in the order libbpf assumes, whatever the header's length. */
int members_check_header(const void *data, size_t n, struct err *e)
{
	struct btf_header h;
	uint64_t body;

	if (n < HEADER_LEN || n > BTF_BYTES_MAX)
		return err_set(e, X_BAD_KERNEL, "BTF of %zu bytes", n);
	memcpy(&h, data, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION)
		return err_set(e, X_BAD_KERNEL, "not BTF of this byte order and version");
	if (h.hdr_len < HEADER_LEN || h.hdr_len > n || h.hdr_len % 4)
		return err_set(e, X_BAD_KERNEL, "BTF header of %u bytes", h.hdr_len);
	body = n - h.hdr_len;
	if (h.type_off % 4 || (uint64_t)h.type_off + h.type_len > h.str_off || (uint64_t)h.str_off + h.str_len > body)
		return err_set(e, X_BAD_KERNEL, "BTF sections lie outside its %zu bytes (truncated?)", n);
	return 0;
}

static bool is_composite(const struct btf_type *t)
{
	return t && (btf_is_struct(t) || btf_is_union(t));
}

static void structs_find(struct members_btf *t, const struct members *m)
{
	uint32_t n = btf__type_cnt(t->btf);

	memset(t->id, 0, sizeof(t->id));
	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *type = btf__type_by_id(t->btf, id);
		const char *name = btf_is_struct(type) ? btf__name_by_offset(t->btf, type->name_off) : NULL;

		for (size_t i = 0; name && *name && i < m->n_structs; i++)
			if (!t->id[i] && !strcmp(name, m->structs[i]))
				t->id[i] = id;
	}
}

/* btf__resolve_type() has a bound on chains of its own. */
static uint32_t strip_names(const struct members_btf *t, uint32_t id)
{
	int r = btf__resolve_type(t->btf, id);

	return r > 0 ? (uint32_t)r : 0;
}

/* What a lookup found: 0 and *type, *bits; 1 when there is no such member; negative when the BTF makes no sense. */
static int member_in(struct members_btf *t, uint32_t id, const char *name, size_t len, int depth, uint32_t *type,
		     uint64_t *bits)
{
	const struct btf_type *s = btf__type_by_id(t->btf, id);
	const struct btf_member *m;

	if (!is_composite(s))
		return 1;
	m = btf_members(s);
	for (unsigned i = 0; i < btf_vlen(s); i++) {
		const char *here = btf__name_by_offset(t->btf, m[i].name_off);
		int r;

		if (!here || ++t->visits > VISITS_MAX || depth > NEST_MAX)
			return -1;
		if (*here && (strlen(here) != len || memcmp(here, name, len)))
			continue;
		if (*here) {
			*type = m[i].type;
			*bits += btf_member_bit_offset(s, i);
			return btf_member_bitfield_size(s, i) ? -1 : 0;
		}
		r = member_in(t, strip_names(t, m[i].type), name, len, depth + 1, type, bits);
		if (r < 0)
			return r;
		if (r == 0) {
			*bits += btf_member_bit_offset(s, i);
			return 0;
		}
	}
	return 1;
}

static int member_find(struct members_btf *t, const struct member_row *r, struct member *m)
{
	uint32_t id = t->id[r->in], type = 0;
	const char *name = r->path;
	uint64_t bits = 0;
	long long size;

	t->visits = 0;
	for (;;) {
		size_t len = strcspn(name, ".");
		int found = id ? member_in(t, id, name, len, 0, &type, &bits) : 1;

		if (found)
			return found;
		if (!name[len])
			break;
		name += len + 1;
		id = strip_names(t, type);
	}
	size = btf__resolve_size(t->btf, type);
	if (size < 0 || size > MEMBERS_OFFSET || bits % 8 || bits / 8 >= MEMBERS_OFFSET)
		return -1;
	m->off = (int32_t)(bits / 8);
	m->size = (uint32_t)size;
	return plausible(r, m) ? 0 : -1;
}

int members_find(struct members_btf *t, const struct members *m, void *to, struct err *e)
{
	structs_find(t, m);
	for (const struct member_row *r = m->rows; r < m->rows + m->n_rows; r++) {
		struct member found = { .off = -1 };
		int got = member_find(t, r, &found);

		if (got < 0)
			return err_set(e, X_NO_SCX, "%s.%s in the kernel's BTF has a form that ktstr cannot read",
				       m->structs[r->in], r->path);
		if (got && r->required)
			return err_set(e, X_NO_SCX, "the kernel's BTF has no %s.%s", m->structs[r->in], r->path);
		if (got)
			found = (struct member){ .off = -1 };
		*target(to, r) = found;
	}
	return 0;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level, (void)fmt, (void)args;
	return 0;
}

int members_open(struct members_btf *t, const void *btf, size_t n, struct err *e)
{
	*t = (struct members_btf){ 0 };
	if (members_check_header(btf, n, e) < 0)
		return -1;
	libbpf_set_print(quiet);
	t->btf = btf__new(btf, (uint32_t)n);
	if (!t->btf)
		return err_set(e, X_BAD_KERNEL, "BTF is damaged, or newer than the installed libbpf %s: %s",
			       libbpf_version_string(), strerror(errno));
	/* Guests are 64-bit; without this libbpf guesses, in one more pass. */
	if (btf__set_pointer_size(t->btf, 8) < 0)
		return err_set(e, X_BAD_KERNEL, "libbpf does not take 8-byte pointers");
	return 0;
}

void members_close(struct members_btf *t)
{
	btf__free(t->btf);
	t->btf = NULL;
}

void members_write(FILE *f, const struct members *m, const void *from)
{
	for (const struct member_row *r = m->rows; r < m->rows + m->n_rows; r++) {
		const struct member *v = (const struct member *)((const char *)from + r->target);

		if (v->off < 0)
			fprintf(f, "%s.%s -\n", m->structs[r->in], r->path);
		else
			fprintf(f, "%s.%s %" PRId32 " %" PRIu32 "\n", m->structs[r->in], r->path, v->off, v->size);
	}
}

static int number(const char **p, const char *end, int64_t *v)
{
	const char *start = *p;

	if (start < end && *start == '-') {
		*v = -1;
		*p = start + 1;
		return 0;
	}
	for (*v = 0; *p < end && **p >= '0' && **p <= '9' && *p - start < 10; (*p)++)
		*v = *v * 10 + (**p - '0');
	return *p == start || *v > UINT32_MAX ? -1 : 0;
}

int members_split(const char *p, const char *end, struct members_line *l)
{
	const char *space = memchr(p, ' ', (size_t)(end - p));

	*l = (struct members_line){ .name = p };
	if (!space)
		return -1;
	l->len = (size_t)(space - p);
	for (p = space; p < end; l->n++) {
		if (l->n == 2 || *p++ != ' ' || number(&p, end, &l->v[l->n]) < 0)
			return -1;
	}
	return 0;
}

bool members_is(const struct members_line *l, const char *a, const char *b)
{
	size_t n = strlen(a), m = b ? strlen(b) : 0;

	if (memcmp(l->name, a, n < l->len ? n : l->len) || l->len != n + (b ? m + 1 : 0))
		return false;
	return !b || (l->name[n] == '.' && !memcmp(l->name + n + 1, b, m));
}

size_t members_row(const struct members *m, const struct members_line *l)
{
	size_t i = 0;

	while (i < m->n_rows && !members_is(l, m->structs[m->rows[i].in], m->rows[i].path))
		i++;
	return i;
}

int members_take(const struct member_row *r, const struct members_line *l, void *to)
{
	struct member m = { .off = -1 };

	if (l->n == 2) {
		if (l->v[0] < 0 || l->v[0] >= MEMBERS_OFFSET || l->v[1] < 0)
			return -1;
		m = (struct member){ .off = (int32_t)l->v[0], .size = (uint32_t)l->v[1] };
		if (!plausible(r, &m))
			return -1;
	} else if (l->n != 1 || l->v[0] != -1 || r->required) {
		return -1;
	}
	*target(to, r) = m;
	return 0;
}
