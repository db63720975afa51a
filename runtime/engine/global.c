#include "engine/global.h"
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAPS_MAX = 4096, VALUE_MAX = 4 << 20, DEPTH_MAX = 16 };
#define BTF_SIZE_MAX (16u << 20)

struct btf {
	const unsigned char *types, *strings;
	uint32_t types_n, strings_n;
	uint32_t *at; /* where types begin, from type 1 on */
	uint32_t n;
};

/* Bytes behind a type's head; SIZE_MAX: no such kind is known. */
static size_t behind(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	default:
		return BTF_INFO_KIND(t->info) <= BTF_KIND_TYPE_TAG ? 0 : SIZE_MAX;
	}
}

static bool index_types(struct btf *b)
{
	struct btf_type t;
	size_t more;

	b->at = calloc(b->types_n / sizeof t + 1, sizeof *b->at);
	if (!b->at)
		return false;
	for (uint32_t at = 0; b->types_n - at >= sizeof t; at += (uint32_t)more) {
		memcpy(&t, b->types + at, sizeof t);
		more = behind(&t);
		if (more > b->types_n - at - sizeof t)
			break;
		more += sizeof t;
		b->at[b->n++] = at;
	}
	return true;
}

/* b->at is the caller's to free in either case. */
static bool btf_open(struct btf *b, const void *data, size_t n)
{
	struct btf_header h;

	*b = (struct btf){ 0 };
	if (n < sizeof h)
		return false;
	memcpy(&h, data, sizeof h);
	if (h.magic != BTF_MAGIC || h.hdr_len < sizeof h || h.hdr_len > n)
		return false;
	n -= h.hdr_len;
	if (h.type_off > n || h.type_len > n - h.type_off || h.str_off > n || h.str_len > n - h.str_off)
		return false;
	b->types = (const unsigned char *)data + h.hdr_len + h.type_off;
	b->strings = (const unsigned char *)data + h.hdr_len + h.str_off;
	b->types_n = h.type_len;
	b->strings_n = h.str_len;
	return b->strings_n && !b->strings[b->strings_n - 1] && index_types(b);
}

/* Type id, from 1; what stands behind its head, when that is not NULL. */
static bool type_get(const struct btf *b, uint32_t id, struct btf_type *t, const unsigned char **rest)
{
	if (!id || id > b->n)
		return false;
	memcpy(t, b->types + b->at[id - 1], sizeof *t);
	if (rest)
		*rest = b->types + b->at[id - 1] + sizeof *t;
	return true;
}

/* 0: it is no number. */
static uint32_t number_size(const struct btf *b, uint32_t id)
{
	struct btf_type t;

	for (unsigned i = 0; i < DEPTH_MAX && type_get(b, id, &t, NULL); i++) {
		switch (BTF_INFO_KIND(t.info)) {
		case BTF_KIND_INT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
			return t.size == 1 || t.size == 2 || t.size == 4 || t.size == 8 ? t.size : 0;
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_CONST:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = t.type;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

static enum global_found find_in(const struct btf *b, uint32_t section, const char *name, struct global_place *at)
{
	const unsigned char *vars;
	struct btf_type t, var;

	if (!type_get(b, section, &t, &vars) || BTF_INFO_KIND(t.info) != BTF_KIND_DATASEC)
		return GLOBAL_NONE;
	for (unsigned i = 0; i < BTF_INFO_VLEN(t.info); i++) {
		struct btf_var_secinfo in;

		memcpy(&in, vars + i * sizeof in, sizeof in);
		if (!type_get(b, in.type, &var, NULL) || BTF_INFO_KIND(var.info) != BTF_KIND_VAR ||
		    var.name_off >= b->strings_n || strcmp((const char *)b->strings + var.name_off, name) != 0)
			continue;
		*at = (struct global_place){ in.offset, number_size(b, var.type) };
		return at->size && at->size == in.size ? GLOBAL_FOUND : GLOBAL_NO_NUMBER;
	}
	return GLOBAL_NONE;
}

enum global_found global_find(const void *data, size_t n, uint32_t section, const char *name, struct global_place *at)
{
	struct btf b;
	enum global_found found = btf_open(&b, data, n) ? find_in(&b, section, name, at) : GLOBAL_NONE;

	free(b.at);
	return found;
}

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof *attr);
}

static int info_of(int fd, void *info, uint32_t n)
{
	union bpf_attr ask = { 0 };

	ask.info.bpf_fd = (uint32_t)fd;
	ask.info.info_len = n;
	ask.info.info = (uintptr_t)info;
	return (int)bpf(BPF_OBJ_GET_INFO_BY_FD, &ask);
}

/* Caller frees; NULL: it cannot be read. */
static void *btf_of(uint32_t id, uint32_t *n)
{
	union bpf_attr open = { .btf_id = id };
	struct bpf_btf_info info = { 0 };
	int fd = (int)bpf(BPF_BTF_GET_FD_BY_ID, &open);
	void *data = NULL;

	if (fd < 0)
		return NULL;
	if (info_of(fd, &info, sizeof info) == 0 && info.btf_size && info.btf_size <= BTF_SIZE_MAX)
		data = malloc(info.btf_size);
	*n = info.btf_size;
	info = (struct bpf_btf_info){ .btf = (uintptr_t)data, .btf_size = *n };
	if (data && (info_of(fd, &info, sizeof info) < 0 || info.btf_size != *n)) {
		free(data);
		data = NULL;
	}
	close(fd);
	return data;
}

/* Puts size bytes into the first entry. */
static int write_entry(int fd, const struct bpf_map_info *m, struct global_place at, uint64_t value)
{
	union bpf_attr a = { .map_fd = (uint32_t)fd };
	uint32_t key = 0;
	char *entry;
	int r = -1;

	errno = E2BIG;
	if (m->key_size != sizeof key || m->value_size > VALUE_MAX || at.offset > m->value_size ||
	    at.size > m->value_size - at.offset || !(entry = malloc(m->value_size)))
		return -1;
	a.key = (uintptr_t)&key;
	a.value = (uintptr_t)entry;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &a) == 0) {
		memcpy(entry + at.offset, &value,
		       at.size); /* numbers of both architectures begin with their low bytes */
		r = (int)bpf(BPF_MAP_UPDATE_ELEM, &a);
	}
	free(entry);
	return r;
}

/* Maps from the first to the newest: visit says whether it is one, and it was written, or errno. */
enum visited { VISITED_NOT, VISITED_DONE, VISITED_FAILED, VISITED_NO_NUMBER };

struct visit {
	const char *name;
	struct global_place at; /* of a map that is named */
	uint64_t value;
	enum visited (*map)(struct visit *v, int fd, const struct bpf_map_info *m);
};

static enum visited wrote(int r)
{
	return r < 0 ? VISITED_FAILED : VISITED_DONE;
}

static enum visited visit_section(struct visit *v, int fd, const struct bpf_map_info *m)
{
	enum global_found found = GLOBAL_NONE;
	uint32_t n = 0;
	void *btf;

	if (m->type != BPF_MAP_TYPE_ARRAY || m->max_entries != 1 || !m->btf_id || !m->btf_value_type_id)
		return VISITED_NOT;
	btf = btf_of(m->btf_id, &n);
	if (btf)
		found = global_find(btf, n, m->btf_value_type_id, v->name, &v->at);
	free(btf);
	if (found == GLOBAL_NONE)
		return VISITED_NOT;
	return found == GLOBAL_NO_NUMBER ? VISITED_NO_NUMBER : wrote(write_entry(fd, m, v->at, v->value));
}

static enum visited visit_named(struct visit *v, int fd, const struct bpf_map_info *m)
{
	size_t n = strnlen(m->name, sizeof m->name), end = strlen(v->name);

	if (n < end || memcmp(m->name + n - end, v->name, end) != 0)
		return VISITED_NOT;
	return wrote(write_entry(fd, m, v->at, v->value));
}

/* Ids only grow: the last one is the newest. */
static enum visited visit_all(struct visit *v, int *error)
{
	union bpf_attr next = { 0 };
	enum visited last = VISITED_NOT;

	for (unsigned i = 0; i < MAPS_MAX && bpf(BPF_MAP_GET_NEXT_ID, &next) == 0; i++, next.start_id = next.next_id) {
		union bpf_attr open = { .map_id = next.next_id };
		struct bpf_map_info m = { 0 };
		int fd = (int)bpf(BPF_MAP_GET_FD_BY_ID, &open);
		enum visited now = VISITED_NOT;

		if (fd < 0)
			continue;
		if (info_of(fd, &m, sizeof m) == 0)
			now = v->map(v, fd, &m);
		if (now == VISITED_FAILED)
			*error = errno;
		if (now != VISITED_NOT)
			last = now;
		close(fd);
	}
	return last;
}

int global_set(const char *name, int64_t value, struct trouble *t)
{
	struct visit v = { .name = name, .value = (uint64_t)value, .map = visit_section };
	int error = 0;

	switch (visit_all(&v, &error)) {
	case VISITED_DONE:
		return 0;
	case VISITED_NO_NUMBER:
		return trouble(t, ENDS_TEXT, "the scheduler's \"%s\" is no number of 1, 2, 4 or 8 bytes", name);
	case VISITED_FAILED:
		return trouble(t, ENDS_TEXT, "the scheduler's \"%s\" cannot be set%s: %s", name,
			       error == EPERM ? ", it is constant once it is loaded" : "", strerror(error));
	default:
		return trouble(t, ENDS_TEXT,
			       "the scheduler has no global variable \"%s\"; bpftool map dump shows those it has",
			       name);
	}
}

int global_write_map(const char *ending, unsigned offset, uint32_t value, struct trouble *t)
{
	struct visit v = { .name = ending, .at = { offset, sizeof value }, .value = value, .map = visit_named };
	int error = 0;

	switch (visit_all(&v, &error)) {
	case VISITED_DONE:
		return 0;
	case VISITED_NOT:
		return trouble(t, ENDS_TEXT, "the scheduler has no map whose name ends in \"%s\"", ending);
	default:
		return trouble(t, ENDS_TEXT, "the map \"…%s\" cannot be written at %u: %s", ending, offset,
			       error == E2BIG ? "its entries end before, or its keys are no 32-bit numbers"
					      : strerror(error));
	}
}
