/* sidecars.h: where the sidecar files of the user's project are. */
#pragma once
struct err;

/* given, unless it is NULL; else $KTSTR_SIDECAR_DIR; else of the folders with sidecars below target/ktstr the one with the newest
 * of them. target is what the environment names for cargo, else what cargo's configuration does and the first one with a ktstr in it
 * from the current folder up to the root of the workspace. NULL: there is none. Says on stderr which one was found. Caller frees. */
char *sidecars_dir(const char *given);

/* Where new ones go when nobody says: target/ktstr/{branch}-{commit}/{time} of the git work tree we are in; target is cargo's, or lies beside
 * the nearest Cargo.toml, or in the root of the tree. Nothing is made yet. NULL: there is no place that we may take, and *why says so in
 * a few words. Both are the caller's. */
char *sidecars_new(char **why);
/* Makes a folder beside dir and opens it; *made is its name. sidecars_keep() gives it dir's name (or one with a number behind it, which
 * *kept is then), sidecars_drop() removes it. Git is told to ignore what is below target/ktstr. */
int sidecars_begin(const char *dir, char **made, struct err *e);
int sidecars_keep(const char *made, const char *dir, char **kept, struct err *e);
void sidecars_drop(const char *made);
