/* audit.h: --audit: whether what is kept is what this machine makes. Snapshots of virtual time are made anew beside those that are
 * kept, and what ran from both is compared.
 *
 *   audits/NAME[/TOPOLOGY]/{state,ram0,…,recipe,audit}   made by runtime/step/audit.c */
#pragma once
#include <stdbool.h>
struct edge;
struct err;
struct guest_plan;
struct kernel;
struct plan;
struct run;

/* X_USAGE when there is nothing to audit: real time. */
int audit_allowed(const struct guest_plan *g, struct err *e);
/* Below the build folder; caller frees. */
char *audit_dir(const struct guest_plan *g, const struct kernel *k);
/* The edge that makes k's snapshot anew and compares it, behind plan_guest_snapshot(). One that is there already is left alone. */
void plan_audit(struct plan *p, const struct guest_plan *g, const struct kernel *k);
/* What a cell in the place of edge_restore() continues from. */
void edge_audit(struct edge *e, const struct guest_plan *g, const struct kernel *k);

/* Both tell the user, and set *differs when there is a difference. */
int audit_memory(const struct run *r, const struct guest_plan *g, const struct kernel *k, bool *differs, struct err *e);
/* what: of the kept and of the new run. Two files that are both missing are equal. */
int audit_files(const char *what, const char *one, const char *two, bool *differs, struct err *e);
/* X_AUDIT, -1. */
int audit_failed(struct err *e);
