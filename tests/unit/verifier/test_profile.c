#include "base/err.h"
#include "base/mem.h"
#include "verifier/flags.h"
#include "verifier/profile.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { PLENTY = 100000 };

/* "llc borrow steal:llc": flags with what they require; each has the argument "--name". */
static struct flags declare(const char *text)
{
	auto_free char *words = xstrdup(text);
	struct flags f = { 0 };
	char *save = NULL;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		struct flag flag = { .args = xcalloc(1, sizeof(char *)), .n_args = 1 };
		char *need = strchr(w, ':');

		if (need)
			*need++ = '\0';
		flag.name = xstrdup(w);
		flag.args[0] = xasprintf("--%s", w);
		for (char *rest = need; rest;) {
			char *one = strsep(&rest, ":");

			flag.needs = xreallocarray(flag.needs, flag.n_needs + 1, sizeof(char *));
			flag.needs[flag.n_needs++] = xstrdup(one);
		}
		f.v = xreallocarray(f.v, f.n + 1, sizeof(*f.v));
		f.v[f.n++] = flag;
	}
	return f;
}

static char *names(const struct profiles *p)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < p->n; i++)
		fprintf(f, "%s%s", i ? " " : "", p->v[i].name);
	fclose(f);
	return text;
}

static const struct {
	const char *flags, *profiles;
} all[] = {
	{ "", "default" },
	{ "a", "default a" },
	{ "llc borrow steal:llc", "default llc borrow llc+borrow llc+steal llc+borrow+steal" },
	{ "steal:llc llc", "default llc steal+llc" },
	{ "a:b b:a", "default a+b" },
	{ "a:a", "default a" },
	{ "a:none b", "default b" },
	{ "a:b b:none c:a d", "default d" },
	{ "a b:a c:b", "default a a+b a+b+c" },
};

static void power_set(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		auto_flags struct flags f = declare(all[i].flags);
		auto_profiles struct profiles p = { 0 };
		struct err e = { 0 };

		assert_int_equal(profiles_all(&p, &f, PLENTY, &e), 0);
		auto_free char *got = names(&p);

		assert_string_equal(got, all[i].profiles);
	}
}

static bool holds(const struct flags *f, unsigned set)
{
	for (size_t i = 0; i < f->n; i++) {
		for (size_t k = 0; set & 1u << i && k < f->v[i].n_needs; k++) {
			size_t at = flags_find(f, f->v[i].needs[k], strlen(f->v[i].needs[k]));

			if (at == f->n || !(set & 1u << at))
				return false;
		}
	}
	return true;
}

/* Every set tried by itself, as the definition has it. */
static void as_defined(void **state)
{
	static const char *const lists[] = {
		"a:d b c:a:b d e:c f:e", "a b c d e",          "a:f b:a c:b d:c e:d f:e",
		"a:b b:c c:d d:e e:f f", "a b:e c:none d:c e",
	};

	(void)state;
	for (size_t i = 0; i < countof(lists); i++) {
		auto_flags struct flags f = declare(lists[i]);
		auto_profiles struct profiles p = { 0 };
		struct err e = { 0 };
		size_t at = 0;

		assert_int_equal(profiles_all(&p, &f, PLENTY, &e), 0);
		for (unsigned set = 0; set < 1u << f.n; set++) {
			auto_free char *name = NULL;
			size_t size;

			if (!holds(&f, set))
				continue;
			FILE *out = xmemstream(&name, &size);

			for (size_t k = 0; k < f.n; k++)
				if (set & 1u << k)
					fprintf(out, "%s%s", ftell(out) ? "+" : "", f.v[k].name);
			fclose(out);
			assert_true(at < p.n);
			assert_string_equal(p.v[at++].name, *name ? name : "default");
		}
		assert_int_equal(at, p.n);
	}
}

static const struct {
	const char *lists[3], *profiles;
} named[] = {
	{ { "llc" }, "llc" },
	{ { "steal+llc,default", "llc" }, "default llc llc+steal" },
	{ { "llc+steal,steal+llc,llc+llc+steal" }, "llc+steal" },
	{ { ",,llc,," }, "llc" },
	{ { "borrow", "llc", "default" }, "default llc borrow" },
};

static void by_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(named); i++) {
		auto_flags struct flags f = declare("llc borrow steal:llc");
		auto_profiles struct profiles p = { 0 };
		struct err e = { 0 };
		size_t n = 0;

		while (n < 3 && named[i].lists[n])
			n++;
		assert_int_equal(profiles_named(&p, &f, named[i].lists, n, PLENTY, &e), 0);
		auto_free char *got = names(&p);

		assert_string_equal(got, named[i].profiles);
	}
}

static const struct {
	const char *list, *why;
} wrong[] = {
	{ "", "no profile is named" },
	{ ",", "no profile is named" },
	{ "speed", "no flag \"speed\". Available: default, and the flags llc, borrow, steal" },
	{ "llc+", "no flag \"\"" },
	{ "+llc", "no flag \"\"" },
	{ "llc+default", "no flag \"default\"" },
	{ "steal", "flag \"steal\" requires \"llc\"" },
	{ "llc,steal+borrow", "\"steal+borrow\" is none: flag \"steal\" requires \"llc\"" },
	{ "odd", "requires \"none\", which the scheduler does not have" },
};

static void wrong_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(wrong); i++) {
		auto_flags struct flags f = declare("llc borrow steal:llc odd:none");
		auto_profiles struct profiles p = { 0 };
		struct err e = { 0 };

		assert_true(profiles_named(&p, &f, &wrong[i].list, 1, PLENTY, &e) < 0);
		assert_int_equal(e.code, X_USAGE);
		if (!strstr(e.msg, wrong[i].why))
			fail_msg("%s: %s", wrong[i].list, e.msg);
	}
}

static void without_flags(void **state)
{
	const struct flags f = { 0 };
	const char *lists[] = { "default", "default,default" }, *other = "x";
	auto_profiles struct profiles p = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(profiles_named(&p, &f, lists, 2, PLENTY, &e), 0);
	assert_int_equal(p.n, 1);
	assert_true(profiles_named(&p, &f, &other, 1, PLENTY, &e) < 0);
}

static void arguments(void **state)
{
	auto_flags struct flags f = declare("a b c");
	auto_profiles struct profiles p = { 0 };
	const char *list = "c+a";
	struct err e = { 0 };

	(void)state;
	assert_int_equal(profiles_named(&p, &f, &list, 1, PLENTY, &e), 0);
	assert_int_equal(p.v[0].n_args, 2);
	assert_string_equal(p.v[0].args[0], "--a");
	assert_string_equal(p.v[0].args[1], "--c");
	assert_null(p.v[0].args[2]);
}

static void too_many(void **state)
{
	auto_flags struct flags f = declare("a b c");
	const char *list = "a,b,c";
	struct err e = { 0 };

	(void)state;
	for (uint64_t max = 1; max < 10; max++) {
		auto_profiles struct profiles p = { 0 }, q = { 0 };

		assert_int_equal(profiles_all(&p, &f, max, &e) == 0, max >= 8);
		assert_int_equal(profiles_named(&q, &f, &list, 1, max, &e) == 0, max >= 3);
	}
}

/* As many flags as there may be: all sets are out of the question, a few by name are not. */
static void many_flags(void **state)
{
	auto_free char *text = NULL;
	auto_profiles struct profiles p = { 0 };
	const char *list = "f999+f3,f3,default,f999,f40";
	struct err e = { 0 };
	size_t size;
	FILE *out = xmemstream(&text, &size);

	(void)state;
	for (int i = 0; i < FLAGS_MAX; i++)
		fprintf(out, "f%d ", i);
	fclose(out);
	auto_flags struct flags f = declare(text);

	assert_true(profiles_all(&p, &f, PLENTY, &e) < 0);
	assert_int_equal(e.code, X_USAGE);
	assert_non_null(strstr(e.msg, "1024 flags, power set too large (2^1024)"));
	assert_int_equal(profiles_named(&p, &f, &list, 1, PLENTY, &e), 0);
	auto_free char *got = names(&p);

	assert_string_equal(got, "default f3 f40 f999 f3+f999");
}

/* 31 flags without a bound would be two thousand million; a chain of them is 32 profiles, found at once. */
static void most_flags(void **state)
{
	auto_free char *text = NULL, *plain = NULL;
	auto_profiles struct profiles p = { 0 }, q = { 0 };
	struct err e = { 0 };
	size_t size, plain_size;
	FILE *out = xmemstream(&text, &size), *other = xmemstream(&plain, &plain_size);

	(void)state;
	for (unsigned i = 0; i < PROFILE_FLAGS_MAX; i++) {
		fprintf(out, i ? "f%u:f%u " : "f%u ", i, i - 1);
		fprintf(other, "f%u ", i);
	}
	fclose(out);
	fclose(other);
	auto_flags struct flags f = declare(text), g = declare(plain);

	assert_int_equal(profiles_all(&p, &f, PLENTY, &e), 0);
	assert_int_equal(p.n, PROFILE_FLAGS_MAX + 1);
	assert_true(profiles_all(&q, &g, 1000, &e) < 0);
	assert_int_equal(e.code, X_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_set),   cmocka_unit_test(as_defined),    cmocka_unit_test(by_name),
		cmocka_unit_test(wrong_names), cmocka_unit_test(without_flags), cmocka_unit_test(arguments),
		cmocka_unit_test(too_many),    cmocka_unit_test(many_flags),    cmocka_unit_test(most_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
