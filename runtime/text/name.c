#include "text/name.h"

#include <xxhash.h>

void name_hex(const void *data, size_t n, char hex[NAME_LEN + 1])
{
	static const char digit[] = "0123456789abcdef";
	XXH128_canonical_t c;

	XXH128_canonicalFromHash(&c, XXH3_128bits(data, n));
	for (size_t i = 0; i < sizeof(c.digest); i++) {
		hex[2 * i] = digit[c.digest[i] >> 4];
		hex[2 * i + 1] = digit[c.digest[i] & 15];
	}
	hex[NAME_LEN] = '\0';
}
