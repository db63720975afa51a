/* project.h: a folder with a new project in it. */
#pragma once
#include "gen/project/template.h"
struct err;

/* What a project in that folder is called: its base name, with "scx_" in front unless it begins so, and "_" for each "-". A letter, then
 * letters, digits, "_" and "-", 40 characters at most; anything else is X_USAGE. Caller frees; NULL and *e. */
char *project_name(const char *dir, struct err *e);
/* Makes dir with all files of t, or nothing. dir may be there when it is an empty folder; the folder it is in is there. Nothing that exists
 * is changed: X_FAIL. It is drafted beside its place; a draft of one that was killed goes. */
int project_make(const char *dir, const char *name, const struct template_set *t, struct err *e);
