/* fuzz_subjects.c: any text as a test program's answer to --export: the schedulers it declares. A second program that says the same adds
 * nothing, and each can be a sweep: with a folder of its own, profiles, and words for a command line. */
#include "fuzz.h"

#include "gen/graph/plan.h"
#include "gen/sweep/subjects.h"
#include "verifier/profile.h"

enum { PROFILES = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"{\"format\":1,\"tests\":[],\"schedulers\":[{\"name\":\"scx_a\",\"binary\":\"scx_a\",\"args\":[\"-s\",\"%cgroup%\"],\"flags\":"
		"[{\"name\":\"llc\",\"args\":[\"--llc\"],\"requires\":[]},{\"name\":\"steal\",\"args\":[],\"requires\":[\"llc\"]}],\"sysctls\":"
		"[\"a=1\"],\"kargs\":[\"isolcpus=1\"],\"cgroup_parent\":\"/ktstr\",\"attach_ms\":4500,\"expect\":null,\"path\":\"/b/scx_a\","
		"\"flags_known\":true},{\"name\":\"b\",\"binary\":\"b\",\"args\":[],\"flags\":[],\"sysctls\":[],\"kargs\":[],"
		"\"cgroup_parent\":\"/w\",\"attach_ms\":0,\"path\":null,\"flags_known\":false}]}";

	(void)argc, (void)argv;
	fuzz_seed("subjects", text, sizeof(text) - 1);
	return 0;
}

static void check(const struct subjects *all, size_t at)
{
	const struct subject *s = &all->v[at];
	auto_profiles struct profiles p = { 0 };
	struct err e = { 0 };

	MUST(*s->name && *s->slug && strlen(s->slug) <= PLAN_SLUG_MAX && !strchr(s->slug, '/') && *s->slug != '.');
	MUST((!s->path || *s->path == '/') && *s->groups == '/' && s->attach_s <= 86400);
	for (size_t i = 0; i < at; i++)
		MUST(strcmp(s->slug, all->v[i].slug) != 0);
	if (profiles_all(&p, &s->flags, PROFILES, &e) < 0)
		must_say_why(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_subjects struct subjects s = { 0 };
	struct err e = { 0 };

	if (subjects_read(&s, "/one", (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	size_t found = s.n;

	for (size_t i = 0; i < s.n; i++)
		check(&s, i);
	MUST(subjects_read(&s, "/two", (const char *)data, n, &e) == 0 && s.n == found);
	if (subjects_check(&s, &e) < 0)
		must_say_why(&e);
	for (size_t i = 0; i < found; i++) {
		const char *const one[] = { s.v[0].name };

		MUST(subjects_choose(&s, one, 1, &e) == 0 && s.n == 1);
	}
	return 0;
}
