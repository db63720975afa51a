#include "inspect/memory.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/paging.h"

enum { PAGE = 4096, SYMBOLS_MAX = 4096, CPUS_MAX = 512 };

int kmem_translate(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e)
{
	return m->paging->translate(m, va, pa, run, e);
}

int kmem_read(const struct kmem *m, uint64_t va, void *buf, size_t n, struct err *e)
{
	uint8_t *to = buf;

	if (va + n < va)
		return err_set(e, X_VM, "guest address %#" PRIx64 " and %zu bytes wrap around", va, n);
	while (n) {
		uint64_t pa, run;

		if (kmem_translate(m, va, &pa, &run, e) < 0)
			return -1;
		if (run > n)
			run = n;
		if (m->phys.read(m->phys.ctx, pa, to, run, e) < 0)
			return err_in(e, "guest address %#" PRIx64, va);
		va += run;
		to += run;
		n -= run;
	}
	return 0;
}

uint64_t *kmem_own(const struct kmem *m)
{
	uint64_t at = kmem_symbol(m, "__per_cpu_offset");
	auto_free uint64_t *own = xcalloc(m->nr_cpus + 1, sizeof(*own));
	struct err ignored = { 0 };

	if (!at || !m->nr_cpus || kmem_read(m, at, own, m->nr_cpus * sizeof(*own), &ignored) < 0)
		return NULL;
	return TAKE(own);
}

int kmem_u64(const struct kmem *m, uint64_t va, uint64_t *out, struct err *e)
{
	uint64_t v;

	if (kmem_read(m, va, &v, sizeof(v), e) < 0)
		return -1;
	*out = v;
	return 0;
}

int kmem_u32(const struct kmem *m, uint64_t va, uint32_t *out, struct err *e)
{
	uint32_t v;

	if (kmem_read(m, va, &v, sizeof(v), e) < 0)
		return -1;
	*out = v;
	return 0;
}

/* The next space-separated word of [*p, end). */
static size_t word(const char **p, const char *end, const char **w)
{
	while (*p < end && **p == ' ')
		(*p)++;
	*w = *p;
	while (*p < end && **p != ' ')
		(*p)++;
	return (size_t)(*p - *w);
}

static int hex(const char *s, size_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2, n -= 2;
	if (!n || n > 16)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint64_t)((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	*out = v;
	return 0;
}

static bool same(const char *w, size_t n, const char *s)
{
	return n == strlen(s) && !memcmp(w, s, n);
}

/* "sym name address". An address of zero is a hidden one (kptr_restrict). */
static int symbol_take(struct kmem *m, const char *p, const char *end, struct err *e)
{
	struct symbol s = { 0 };
	const char *name, *value;
	size_t len = word(&p, end, &name), n = word(&p, end, &value);

	if (!len || len >= sizeof(s.name) || memchr(name, '\0', len) || hex(value, n, &s.va) < 0)
		return err_set(e, X_VM, "the guest sent a symbol that is none");
	if (m->n_sym == SYMBOLS_MAX)
		return err_set(e, X_VM, "the guest sent more than %d symbols", SYMBOLS_MAX);
	memcpy(s.name, name, len);
	if (!s.va || kmem_symbol(m, s.name))
		return 0;
	if (!(m->n_sym & (m->n_sym - 1))) /* full at the powers of two */
		m->sym = xreallocarray(m->sym, m->n_sym ? m->n_sym * 2 : 1, sizeof(s));
	m->sym[m->n_sym++] = s;
	return 0;
}

static int machine_take(struct kmem *m, const char *p, const char *end, struct err *e)
{
	static const struct {
		const char *name;
		const struct paging *paging;
	} known[] = { { "x86_64", &paging_x86_64 }, { "aarch64", &paging_aarch64 } };
	const char *name;
	size_t n = word(&p, end, &name);

	for (size_t i = 0; i < countof(known); i++) {
		if (!same(name, n, known[i].name))
			continue;
		m->paging = known[i].paging;
		return 0;
	}
	return err_set(e, X_VM, "the guest runs on an unknown machine");
}

/* A number that is none, or too large to be true, counts as not said. */
static unsigned cpus_take(const char *s, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || v > CPUS_MAX)
			return 0;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	return v <= CPUS_MAX ? v : 0;
}

static int hello_line(struct kmem *m, const char *p, const char *end, struct err *e)
{
	const char *key, *value;
	size_t len = word(&p, end, &key), n;
	uint64_t *number = NULL;

	if (same(key, len, "sym"))
		return symbol_take(m, p, end, e);
	if (same(key, len, "machine"))
		return machine_take(m, p, end, e);
	if (same(key, len, "nr_cpus")) {
		n = word(&p, end, &value);
		m->nr_cpus = cpus_take(value, n);
		return 0;
	}
	if (same(key, len, "text_va"))
		number = &m->text_va;
	else if (same(key, len, "text_pa"))
		number = &m->text_pa;
	if (!number)
		return 0;
	n = word(&p, end, &value);
	if (hex(value, n, number) < 0)
		return err_set(e, X_VM, "the guest sent a %.*s that is no address", (int)len, key);
	return 0;
}

static int hello_parse(struct kmem *m, const char *hello, size_t n, struct err *e)
{
	const char *end = hello + n;

	while (hello < end) {
		const char *nl = memchr(hello, '\n', (size_t)(end - hello));

		if (hello_line(m, hello, nl ? nl : end, e) < 0)
			return -1;
		hello = nl ? nl + 1 : end;
	}
	if (!m->text_va)
		m->text_va = kmem_symbol(m, "_text");
	if (m->text_va < m->paging->image_first || m->text_va >= m->paging->image_end || m->text_va % PAGE)
		return err_set(e, X_VM, "the guest's kernel cannot be at %#" PRIx64, m->text_va);
	if (!m->text_pa || !kmem_in_ram(m, m->text_pa) || m->text_pa % PAGE)
		return err_set(e, X_VM, "the guest's kernel cannot be loaded at %#" PRIx64, m->text_pa);
	return 0;
}

int kmem_open(struct kmem *m, const struct phys *p, const char *hello, size_t n, struct err *e)
{
	*m = (struct kmem){ .phys = *p, .paging = &paging_x86_64 };
	if (hello_parse(m, hello, n, e) < 0 || m->paging->find(m, e) < 0) {
		kmem_close(m);
		return err_as(e, X_VM, "guest memory");
	}
	return 0;
}

void kmem_close(struct kmem *m)
{
	free(m->sym);
	*m = (struct kmem){ 0 };
}
