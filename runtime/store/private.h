/* private.h: folders of build folders that hold what must not stay: files of a user that were brought into a guest, which are
 * stored nowhere else (step.h, --private).
 *
 *   {root}/private/{hash}    a link to such a folder, made before anything is in it
 *
 * Whoever made it takes it away when its guest has ended. After a death that nobody could unwind (SIGKILL) the next
 * program that opens the store does: the link says where, and the locks of the build folder that nobody works with it. */
#pragma once
struct err;
struct store;

/* path: the folder, absolute. Nothing is done about one that is in none of the store's build folders: who asked for it by hand has
 * it to himself. */
int private_note(const struct store *st, const char *path, struct err *e);
/* What cannot be removed now stays noted. */
void private_collect(struct store *st);
