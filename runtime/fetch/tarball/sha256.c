#include "fetch/tarball/sha256.h"

#include "base/err.h"
#include "base/mem.h"
#include <openssl/evp.h>
#include <stdbool.h>

struct sha256 {
	EVP_MD_CTX *ctx;
};

int sha256_begin(struct sha256 **s, struct err *e)
{
	if (!*s) {
		*s = xcalloc(1, sizeof(**s));
		(*s)->ctx = EVP_MD_CTX_new();
	}
	if (!(*s)->ctx || EVP_DigestInit_ex((*s)->ctx, EVP_sha256(), NULL) != 1)
		return err_set(e, X_FAIL, "libcrypto has no SHA-256");
	return 0;
}

int sha256_add(struct sha256 *s, const void *data, size_t n, struct err *e)
{
	return EVP_DigestUpdate(s->ctx, data, n) == 1 ? 0 : err_set(e, X_FAIL, "libcrypto cannot hash");
}

int sha256_hex(const struct sha256 *s, char hex[SHA256_HEX + 1], struct err *e)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	bool ok = copy && EVP_MD_CTX_copy_ex(copy, s->ctx) == 1 && EVP_DigestFinal_ex(copy, sum, &n) == 1;

	EVP_MD_CTX_free(copy);
	if (!ok || n * 2 != SHA256_HEX)
		return err_set(e, X_FAIL, "libcrypto cannot finish a SHA-256");
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return 0;
}

void sha256_free(struct sha256 **s)
{
	if (*s)
		EVP_MD_CTX_free((*s)->ctx);
	free(TAKE(*s));
}
