/* kernel_words.h: kernels by words that are parsed on the way, as verbs do it. Include after cmocka.h. */
#pragma once
#include "base/err.h"
#include "kernel/name/id.h"
#include "kernel/name/locate.h"
#include "kernel/name/word.h"

static inline struct kernel_word word_of(const char *text)
{
	struct kernel_word w;
	struct err ignored;

	(void)kernel_word_parse(&w, text, &ignored);
	return w;
}

static inline int resolve_text(struct kernel *k, const char *text, const char *kconfig_hash, struct err *e)
{
	auto_kernel_cache struct kernel_cache c = { .kconfig_hash = kconfig_hash };
	const struct kernel_word w = word_of(text ? text : "");

	return kernel_resolve(k, text ? &w : NULL, &c, e);
}

static inline int resolve_text_on(const struct kernel_host *h, struct kernel *k, const char *text,
				  const char *kconfig_hash, struct err *e)
{
	auto_kernel_cache struct kernel_cache c = { .kconfig_hash = kconfig_hash };
	const struct kernel_word w = word_of(text);

	return kernel_resolve_on(h, k, &w, &c, e);
}
