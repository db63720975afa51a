/* cgroup.h: control groups (version 2) of a scenario, below one of ours that bounds what they may take.
 *
 * In a guest ours is /ktstr, or what the scenario says; on a host /ktstr/PID, so that several runs do not meet and `ktstr cleanup` finds what is left. Names of
 * groups are those of a plan, "a/b"; "" is ours. What waits has a deadline. */
#pragma once
#include "engine/trouble.h"
#include "scenario/plan.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct cgroups {
	char base[512]; /* path of ours */
	char home[512]; /* and of the one we are in */
	char mount[256];
	bool host;
};

/* {0} is none: a guest whose scenario has no cgroup needs no other, and what is in none of ours is not bounded.
 *
 * Makes ours (parent: of a guest's, "/a/b"), with at most 16384 tasks and half of the memory where the kernel can bound that, and hands the controllers that
 * these knobs need on to it. Where no cgroup2 is mounted it is, in a mount namespace of this process alone. ENDS_SKIP: the kernel
 * lacks a controller; ENDS_ENV: it is in use by version 1, or we are not root. */
int cgroups_open(struct cgroups *c, bool host, const char *parent, unsigned knobs, struct trouble *t);
/* Kills all that is in ours and removes it, within 5 s. false: something is left. */
bool cgroups_close(struct cgroups *c);

int cgroup_make(const struct cgroups *c, const char *name, struct trouble *t);
/* Hands controllers on to groups below it. No group can have both these and processes, unless it is threaded. */
void cgroup_open_below(const struct cgroups *c, const char *name);
int cgroup_set(const struct cgroups *c, const char *name, const struct plan_knobs *k, struct trouble *t);
/* All of these: 0, or -1 with errno. */
/* name NULL: none of ours, but the one we are in. */
int cgroup_enter(const struct cgroups *c, const char *name, pid_t pid);
int cgroup_enter_thread(const struct cgroups *c, const char *name, pid_t tid); /* and not its process */
int cgroup_freeze(const struct cgroups *c, const char *name, bool freeze);     /* waits until it is so, 2 s at most */
int cgroup_remove(const struct cgroups *c, const char *name); /* waits until all are gone, 5 s at most */
/* All that is in it and below it. */
int cgroup_kill(const struct cgroups *c, const char *name);
/* A descriptor of its folder. */
int cgroup_folder(const struct cgroups *c, const char *name);
/* Bytes read, buf is ended. */
ssize_t cgroup_read(const struct cgroups *c, const char *name, const char *file, char *buf, size_t n);
