/* stale.h: results that ninja would take for up to date and that are not. */
#pragma once
struct folder;
struct plan;

/* Takes away the outputs of edges that are to run again, and those that something they were made from was changed after. */
void stale_forget(const struct folder *b, const struct plan *p);
