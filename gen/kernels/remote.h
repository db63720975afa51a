/* remote.h: kernels that other runs have built: fetched before anything is built, and shared after. */
#pragma once
struct edge;
struct err;
struct home;
struct kernels_opts;
struct kernels;
struct plan;
struct run;
struct search;
struct target;

/* Brings what is not READY and was shared by other runs into the cache; how many came (target.fetched). Trouble with the
 * other side is told and is no error. */
int kernels_fetch(struct kernels *w, const struct search *s, struct err *e);
/* The edge that shares the entry of w after it was made; NULL when that is not wanted. */
const struct edge *target_plan_share(struct plan *p, const struct home *home, const struct kernels_opts *o,
				     const struct target *w);
void kernels_tell_shared(const struct kernels *w, const struct run *r);
