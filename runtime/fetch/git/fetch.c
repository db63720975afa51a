#include "fetch/git/fetch.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/room.h"
#include "base/stop.h"
#include "fetch/git/address.h"
#include "fetch/git/program.h"
#include "fetch/git/remote.h"
#include "fetch/rate.h"

/* Linux 6.12 without history: 93,000 objects in 270 MB. */
enum { OBJECTS_MAX = 4000000, TELL_MS = 100, KEEP_FREE = 32 << 20, ANSWER_MAX = 1 << 20 };

static const uint64_t pack_max = (uint64_t)4 << 30;

struct job {
	const struct git_wanted *w;
	const char *repository;
	struct rate pace;
	long long told;
	bool begun;
};

static void say(const struct job *j, unsigned long done, unsigned long total, const char *text)
{
	if (j->w->progress)
		j->w->progress(done, total, text);
}

static int within_bounds(const struct job *j, const struct git_progress *p, struct err *e)
{
	uint64_t room;

	if (p->total > OBJECTS_MAX)
		return err_set(e, X_BAD_ARCHIVE, "%s: more than %d objects for one commit", j->w->remote->shown,
			       OBJECTS_MAX);
	if (p->bytes > pack_max)
		return err_set(e, X_NETWORK, "%s: the server sends more than %llu MB for one commit",
			       j->w->remote->shown, (unsigned long long)(pack_max / 1000000));
	if (room_at(j->repository, &room) && room < KEEP_FREE)
		return err_set(e, X_DISK_FULL, "the disk with %s is full", j->repository);
	return 0;
}

static int on_progress(void *arg, const struct git_progress *p, struct err *e)
{
	struct job *j = arg;
	long long now = now_ms();
	bool receiving = !strcmp(p->what, "Receiving objects");
	char text[96];

	if (now - j->told < TELL_MS && p->done != p->total)
		return 0;
	j->told = now;
	j->begun = true;
	if (within_bounds(j, p, e) < 0)
		return -1;
	rate_add(&j->pace, now, p->bytes);
	if (receiving && p->bytes)
		rate_text(text, sizeof(text), p->bytes, 0, rate_per_second(&j->pace), -1);
	else
		snprintf(text, sizeof(text), "%s", receiving ? "receiving objects" : "resolving deltas");
	say(j, p->done, p->total, text);
	return 0;
}

/* Later words sum up what the bar has shown. */
static void on_words(void *arg, const char *text)
{
	struct job *j = arg;

	if (!j->begun)
		say(j, 0, 0, text);
}

static int make_repository(const char *repository, const char *commit, struct err *e)
{
	const char *format = strlen(commit) == GIT_SHA256_HEX ? "--object-format=sha256" : "--object-format=sha1";
	const struct git_how h = {
		.args = (const char *const[]){ "init", "-q", "--bare", "--template=", format, repository, NULL },
		.repository = repository,
		.max = ANSWER_MAX,
	};

	return git_run(&h, NULL, NULL, e) < 0 ? err_as(e, e->code == X_NO_INPUT ? X_FAIL : e->code, "git init") : 0;
}

static int fetch_one(struct job *j, const char *what, struct err *e)
{
	const struct git_how h = {
		.args = (const char *const[]){ "fetch", "--progress", "--depth=1", "--no-tags",
					       "--no-recurse-submodules", "--no-auto-maintenance",
					       "--no-write-fetch-head", "--", j->w->remote->shown, what, NULL },
		.repository = j->repository,
		.remote = j->w->remote,
		.max = ANSWER_MAX,
		.progress = on_progress,
		.words = on_words,
		.arg = j,
	};

	return git_run(&h, NULL, NULL, e);
}

static int only_names(const struct git_wanted *w, const struct git_ref *found, struct err *e)
{
	if (found)
		return err_set(e, X_NETWORK,
			       "%s: '%s' moved from %.12s to %.12s meanwhile, and this server gives out only what a "
			       "branch or tag stands at; run it again",
			       w->remote->shown, w->ref, w->commit, git_ref_commit(found));
	return err_set(e, X_NO_INPUT,
		       "%s gives out no commit by its id unless a branch or tag stands at it, and none stands at %s\n"
		       "  Ask for a branch or a tag: --ref NAME. (Its owner can allow it: git config "
		       "uploadpack.allowReachableSHA1InWant true.)",
		       w->remote->shown, w->commit);
}

/* A name that stands at the commit, of what the repository has now. */
static int fetch_name(struct job *j, struct err *e)
{
	const struct git_wanted *w = j->w;
	auto_refs struct git_refs refs = { 0 };
	const struct git_ref *found = NULL, *any;
	char id[GIT_ID];

	if (remote_refs(w->remote, &refs, e) < 0)
		return -1;
	if (w->ref && *w->ref && !git_full_id(w->ref, id))
		found = git_refs_find(&refs, w->ref);
	any = found && !strcmp(git_ref_commit(found), w->commit) ? found : git_refs_with(&refs, w->commit);
	return any ? fetch_one(j, any->name, e) : only_names(w, found, e);
}

/* Git says so itself for a server that told beforehand; else the server does, when it is asked. */
static bool by_name_only(const struct err *e)
{
	return e->code == X_NO_INPUT && strstr(e->msg, "unadvertised object");
}

static int refused(const struct git_wanted *w, struct err *e)
{
	struct err cause = *e;

	if (cause.code != X_NO_INPUT || !strstr(cause.msg, "not our ref"))
		return err_in(e, "%s", w->remote->shown);
	return err_set(e, X_NO_INPUT, "%s does not give out commit %s: %s\n  Ask for a branch or a tag that has it.",
		       w->remote->shown, w->commit, cause.msg);
}

int git_fetch(const struct git_wanted *w, const char *repository, struct err *e)
{
	struct job j = { .w = w, .repository = repository };

	if (make_repository(repository, w->commit, e) < 0)
		return -1;
	if (fetch_one(&j, w->commit, e) == 0)
		return 0;
	if (by_name_only(e))
		return fetch_name(&j, e);
	return refused(w, e);
}
