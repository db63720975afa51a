/* boot.h: what a scenario says of how its kernel boots, and of where its cgroups are: words of "sysctls", "kargs" and "cgroup_parent".
 * They are hostile, and go to a guest's kernel.
 *
 *   vm.swappiness=10  net.ipv4.conf.all/rp_filter=0  "kernel.printk=7 4 1 7"
 *   isolcpus=1  nohz_full=1-3  preempt=full
 *
 * What ktstr itself says to a kernel, and what decides CPUs, memory, time and PID 1 of a guest, is refused. */
#pragma once
#include "scenario/error.h"
#include <stdbool.h>
struct scenario;

/* Of all words of a scenario together: kernels take 2048 bytes, and hand 32 words that they do not know to PID 1. */
enum { BOOT_BYTES_MAX = 1024, BOOT_KARGS_MAX = 16 };
/* Of a path: with the mount in front, and 8 levels of names behind, there is room in the 512 bytes of the engine. */
enum { BOOT_PARENT_MAX = 128 };

/* NAME=VALUE. The name has letters, digits, "_" and "-", with "." or "/" between; the value may have blanks. BAD with a tip. */
bool boot_sysctl(const char *text, struct scenario_error *e);
/* NAME or NAME=VALUE, without blanks, quotes and backslashes. BAD with a tip. */
bool boot_karg(const char *text, struct scenario_error *e);
/* A path of a cgroup below the root of them all: "/" and names of letters, digits, "_", "-" and ".", none of them the kernel's. BAD with a tip. */
bool boot_parent(const char *text, struct scenario_error *e);
/* BAD without a place: they are too many, or too long. */
bool boot_fits(const struct scenario *s, struct scenario_error *e);
