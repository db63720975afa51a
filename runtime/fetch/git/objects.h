/* objects.h: a repository on this machine, read: by libgit2, or by git where libgit2 cannot (SHA-256, reftable, settings
 * it does not know). Both give the same raw objects, so a tree comes out the same by either. Nothing of the repository is run
 * or written, its owner does not matter, and what a partial clone lacks is not fetched. */
#pragma once
#include <stddef.h>
struct err;
struct git_refs;
struct git_store;

enum git_kind { GIT_KIND_COMMIT, GIT_KIND_TREE, GIT_KIND_BLOB, GIT_KIND_TAG };

/* path: a work tree, a linked one, or a bare repository; X_NO_INPUT when there is none, with what git says of it. */
int git_store_open(struct git_store **s, const char *path, struct err *e);
/* HEAD and everything below refs/, tags with what they stand for. */
int git_store_refs(struct git_store *s, struct git_refs *refs, struct err *e);

struct git_object {
	enum git_kind kind;
	const char *data; /* n bytes, and a NUL; good until the next read */
	size_t n;
};
enum { GIT_OBJECT_ABSENT = 1 };
/* id: hex. 0, or GIT_OBJECT_ABSENT; X_BAD_ARCHIVE when it is damaged or has more than max bytes. */
int git_store_read(struct git_store *s, const char *id, size_t max, struct git_object *o, struct err *e);
/* Address that a partial clone has its objects from; NULL: it is none, or it cannot be told. The caller frees. */
char *git_store_promisor(struct git_store *s);
void git_store_close(struct git_store **s);
#define auto_git_store __attribute__((unused, cleanup(git_store_close)))
