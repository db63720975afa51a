/* digest.c: SHA-256 of libcrypto, by its own functions and not by EVP: those read no configuration, load no providers and take
 * nothing from the environment, and they cost a step's start nothing where EVP costs it 4 ms. Both use the CPU's SHA instructions.
 *
 * Holes are found with SEEK_DATA and never read; file systems that cannot tell report one extent of data, whose zero
 * pages are then seen by looking at them. Either way the same bytes reach the hash. */
/* The functions are deprecated in favour of EVP. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "store/digest.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"

enum { PAGE = 4096, CHUNK = 1 << 20 };

struct digest {
	SHA256_CTX bytes, runs;
	bool holes;                 /* runs has something */
	uint64_t zero_at, zero_len; /* run of zero pages not yet fed */
};

static_assert(KEY_LEN == 2 * SHA256_DIGEST_LENGTH, "two hex digits a byte");

static void to_hex(const unsigned char sum[SHA256_DIGEST_LENGTH], char *hex)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
		hex[2 * i] = digit[sum[i] >> 4];
		hex[2 * i + 1] = digit[sum[i] & 15];
	}
	hex[KEY_LEN] = '\0';
}

void hash_hex(const void *data, size_t n, char hex[KEY_LEN + 1])
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;

	SHA256_Init(&sha);
	SHA256_Update(&sha, data, n);
	SHA256_Final(sum, &sha);
	to_hex(sum, hex);
}

static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha), "digest.h leaves room for it");

void sha_begin(struct sha *s)
{
	SHA256_Init((SHA256_CTX *)(void *)s);
}

void sha_add(struct sha *s, const void *data, size_t n)
{
	SHA256_Update((SHA256_CTX *)(void *)s, data, n);
}

void sha_end(struct sha *s, char hex[KEY_LEN + 1])
{
	unsigned char sum[SHA256_DIGEST_LENGTH];

	SHA256_Final(sum, (SHA256_CTX *)(void *)s);
	to_hex(sum, hex);
}

void hash_mac(const char *secret, const void *data, size_t n, char hex[KEY_LEN + 1])
{
	enum { BLOCK = 64, INNER = 0x36, OUTER = 0x5c };
	unsigned char key[BLOCK] = { 0 }, pad[BLOCK], sum[SHA256_DIGEST_LENGTH];
	size_t len = strlen(secret);
	SHA256_CTX sha;

	if (len > BLOCK)
		SHA256((const unsigned char *)secret, len, key);
	else
		memcpy(key, secret, len);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] = key[i] ^ INNER;
	SHA256_Init(&sha);
	SHA256_Update(&sha, pad, BLOCK);
	SHA256_Update(&sha, data, n);
	SHA256_Final(sum, &sha);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] = key[i] ^ OUTER;
	SHA256_Init(&sha);
	SHA256_Update(&sha, pad, BLOCK);
	SHA256_Update(&sha, sum, sizeof(sum));
	SHA256_Final(sum, &sha);
	to_hex(sum, hex);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(pad, sizeof(pad));
}

static void feed_zero_run(struct digest *d)
{
	const uint64_t run[] = { htole64(d->zero_at), htole64(d->zero_len) };

	if (!d->zero_len)
		return;
	SHA256_Update(&d->runs, run, sizeof(run));
	d->holes = true;
	d->zero_len = 0;
}

static void finish(struct digest *d, char *hex)
{
	unsigned char sum[SHA256_DIGEST_LENGTH];

	SHA256_Final(sum, &d->bytes);
	if (d->holes) {
		SHA256_Update(&d->runs, sum, sizeof(sum));
		SHA256_Final(sum, &d->runs);
		for (size_t i = 0; i < sizeof(sum); i++)
			sum[i] = (unsigned char)~sum[i];
	}
	to_hex(sum, hex);
}

static void feed_bytes(struct digest *d, const void *data, size_t n)
{
	feed_zero_run(d);
	SHA256_Update(&d->bytes, data, n);
}

static void feed_zeros(struct digest *d, uint64_t at, uint64_t n)
{
	static const char zeros[PAGE];
	uint64_t pages = n / PAGE * PAGE;

	if (pages && !d->zero_len)
		d->zero_at = at;
	d->zero_len += pages;
	if (n > pages)
		feed_bytes(d, zeros, n - pages);
}

static bool zero_page(const char *p)
{
	return *p == 0 && memcmp(p, p + 1, PAGE - 1) == 0;
}

/* buf starts on a page boundary of the file; only the file's end may lie inside a page. */
static void feed_chunk(struct digest *d, uint64_t at, const char *buf, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t from = i;

		while (n - i >= PAGE && zero_page(buf + i))
			i += PAGE;
		if (i > from)
			feed_zeros(d, at + from, i - from);
		from = i;
		while (i < n && !(n - i >= PAGE && zero_page(buf + i)))
			i += n - i < PAGE ? n - i : PAGE;
		if (i > from)
			feed_bytes(d, buf + from, i - from);
	}
}

static int read_full(int fd, char *buf, size_t n, uint64_t at, const char *what, struct err *e)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, buf + got, n - got, (off_t)(at + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, "read %s", what);
		if (r == 0)
			return err_set(e, X_FAIL, "%s became shorter while it was read", what);
		got += (size_t)r;
	}
	return 0;
}

static int feed_extent(struct digest *d, int fd, uint64_t from, uint64_t to, char *buf, const char *what, struct err *e)
{
	for (uint64_t at = from; at < to;) {
		size_t n = to - at < CHUNK ? to - at : CHUNK;

		if (stop_pending())
			return stop_err(e);
		if (read_full(fd, buf, n, at, what, e) < 0)
			return -1;
		feed_chunk(d, at, buf, n);
		at += n;
	}
	return 0;
}

/* The next extent of data at or behind at, in whole pages; [size, size) when there is none. */
static void next_extent(int fd, uint64_t at, uint64_t size, uint64_t *from, uint64_t *to)
{
	off_t data = lseek(fd, (off_t)at, SEEK_DATA);
	off_t hole;

	*from = *to = size;
	if (data < 0 && errno == ENXIO)
		return;
	if (data < 0) {
		*from = at;
		return;
	}
	if ((uint64_t)data >= size)
		return;
	*from = (uint64_t)data / PAGE * PAGE;
	hole = lseek(fd, data, SEEK_HOLE);
	if (hole > data && (uint64_t)hole < size)
		*to = ((uint64_t)hole + PAGE - 1) / PAGE * PAGE;
	if (*to > size)
		*to = size;
}

static int feed_file(struct digest *d, int fd, uint64_t size, const char *what, struct err *e)
{
	auto_free char *buf = xmalloc(size < CHUNK ? size + 1 : CHUNK);

	for (uint64_t at = 0; at < size;) {
		uint64_t from, to;

		next_extent(fd, at, size, &from, &to);
		feed_zeros(d, at, from - at);
		if (feed_extent(d, fd, from, to, buf, what, e) < 0)
			return -1;
		at = to;
	}
	feed_zero_run(d);
	return 0;
}

int digest_fd(int fd, const char *what, char *hex, uint64_t *size, struct err *e)
{
	struct digest d = { 0 };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", what);
	SHA256_Init(&d.bytes);
	SHA256_Init(&d.runs);
	if (feed_file(&d, fd, (uint64_t)st.st_size, what, e) < 0)
		return -1;
	finish(&d, hex);
	if (size)
		*size = (uint64_t)st.st_size;
	return 0;
}
