#include "remote/reapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* Of a field: its number and how it is written. */
enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5, WIRE_BITS = 3 };
enum { RESULT_FILES = 2, RESULT_EXIT_CODE = 4, RESULT_METADATA = 9, METADATA_WORKER = 1 };
enum { FILE_PATH = 1, FILE_DIGEST = 2, FILE_PROGRAM = 4, DIGEST_HASH = 1, DIGEST_SIZE = 2 };

void reapi_add(struct reapi *r, const char *path, const char *hex, uint64_t size, bool program)
{
	struct reapi_file f = { .path = xstrdup(path), .size = size, .program = program };

	memcpy(f.hex, hex, KEY_LEN);
	r->v = xreallocarray(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] = f;
}

static void put_varint(FILE *f, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		fputc((int)(v & 0x7f) | 0x80, f);
	fputc((int)v, f);
}

/* Nothing is written for what is zero: so zero is read. */
static void put_number(FILE *f, unsigned field, uint64_t v)
{
	if (!v)
		return;
	put_varint(f, field << WIRE_BITS | WIRE_VARINT);
	put_varint(f, v);
}

static void put_bytes(FILE *f, unsigned field, const void *data, size_t n)
{
	put_varint(f, field << WIRE_BITS | WIRE_BYTES);
	put_varint(f, n);
	fwrite(data, 1, n, f);
}

static void put_file(FILE *to, const struct reapi_file *file)
{
	char *digest, *text;
	size_t n_digest, n;
	FILE *d = xmemstream(&digest, &n_digest), *f = xmemstream(&text, &n);

	put_bytes(d, DIGEST_HASH, file->hex, KEY_LEN);
	put_number(d, DIGEST_SIZE, file->size);
	fclose(d);
	put_bytes(f, FILE_PATH, file->path, strlen(file->path));
	put_bytes(f, FILE_DIGEST, digest, n_digest);
	put_number(f, FILE_PROGRAM, file->program);
	fclose(f);
	put_bytes(to, RESULT_FILES, text, n);
	free(digest);
	free(text);
}

char *reapi_encode(const struct reapi *r, const char *worker, size_t *n)
{
	char *text, *metadata;
	size_t n_metadata;
	FILE *f = xmemstream(&text, n), *m = xmemstream(&metadata, &n_metadata);

	for (size_t i = 0; i < r->n; i++)
		put_file(f, &r->v[i]);
	put_bytes(m, METADATA_WORKER, worker, strlen(worker));
	fclose(m);
	put_bytes(f, RESULT_METADATA, metadata, n_metadata);
	fclose(f);
	free(metadata);
	return text;
}

/* What is left of a message. */
struct wire {
	const unsigned char *p, *end;
};

struct field {
	uint64_t number;
	unsigned kind;
	uint64_t value; /* of a varint */
	struct wire bytes;
};

static bool get_varint(struct wire *w, uint64_t *v)
{
	*v = 0;
	for (unsigned shift = 0; shift < 64 && w->p < w->end; shift += 7) {
		unsigned char c = *w->p++;

		if (shift == 63 && c > 1)
			return false;
		*v |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return true;
	}
	return false;
}

static bool get_field(struct wire *w, struct field *f)
{
	uint64_t tag, n;

	if (!get_varint(w, &tag))
		return false;
	f->number = tag >> WIRE_BITS;
	f->kind = tag & ((1 << WIRE_BITS) - 1);
	switch (f->kind) {
	case WIRE_VARINT:
		return f->number && get_varint(w, &f->value);
	case WIRE_BYTES:
		if (!get_varint(w, &n))
			return false;
		break;
	case WIRE_64:
		n = 8;
		break;
	case WIRE_32:
		n = 4;
		break;
	default:
		return false;
	}
	if (!f->number || n > (uint64_t)(w->end - w->p))
		return false;
	f->bytes = (struct wire){ w->p, w->p + n };
	w->p += n;
	return true;
}

static bool get_hash(const struct wire *w, char hex[KEY_LEN + 1])
{
	if (w->end - w->p != KEY_LEN)
		return false;
	memcpy(hex, w->p, KEY_LEN);
	hex[KEY_LEN] = '\0';
	return strspn(hex, "0123456789abcdef") == KEY_LEN;
}

static bool get_digest(struct wire w, struct reapi_file *file)
{
	struct field f;

	while (w.p < w.end) {
		if (!get_field(&w, &f))
			return false;
		if (f.number == DIGEST_HASH && (f.kind != WIRE_BYTES || !get_hash(&f.bytes, file->hex)))
			return false;
		if (f.number == DIGEST_SIZE && (f.kind != WIRE_VARINT || f.value > INT64_MAX))
			return false;
		if (f.number == DIGEST_SIZE)
			file->size = f.value;
	}
	return *file->hex;
}

static bool get_path(const struct wire *w, char **path)
{
	size_t n = (size_t)(w->end - w->p);

	if (!n || n > REAPI_PATH_MAX || memchr(w->p, 0, n))
		return false;
	free(*path);
	*path = xstrndup((const char *)w->p, n);
	return true;
}

static bool get_file(struct wire w, struct reapi_file *file)
{
	struct field f;

	while (w.p < w.end) {
		if (!get_field(&w, &f))
			return false;
		if (f.number == FILE_PATH && (f.kind != WIRE_BYTES || !get_path(&f.bytes, &file->path)))
			return false;
		if (f.number == FILE_DIGEST && (f.kind != WIRE_BYTES || !get_digest(f.bytes, file)))
			return false;
		if (f.number == FILE_PROGRAM && f.kind != WIRE_VARINT)
			return false;
		if (f.number == FILE_PROGRAM)
			file->program = f.value;
	}
	return file->path && *file->hex;
}

static bool decode(struct reapi *r, struct wire w)
{
	struct field f;

	while (w.p < w.end) {
		if (!get_field(&w, &f))
			return false;
		if (f.number == RESULT_EXIT_CODE && (f.kind != WIRE_VARINT || f.value))
			return false;
		if (f.number != RESULT_FILES)
			continue;
		if (f.kind != WIRE_BYTES || r->n == REAPI_FILES)
			return false;
		struct reapi_file file = { 0 };

		if (!get_file(f.bytes, &file)) {
			free(file.path);
			return false;
		}
		r->v = xreallocarray(r->v, r->n + 1, sizeof(*r->v));
		r->v[r->n++] = file;
	}
	return true;
}

int reapi_decode(struct reapi *r, const void *data, size_t n, struct err *e)
{
	const unsigned char *p = data;

	*r = (struct reapi){ 0 };
	if (n <= REAPI_MAX && decode(r, (struct wire){ p, p + n }))
		return 0;
	reapi_free(r);
	return err_set(e, X_BAD_ARCHIVE, "what came is no ActionResult");
}

void reapi_free(struct reapi *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].path);
	free(r->v);
	*r = (struct reapi){ 0 };
}
