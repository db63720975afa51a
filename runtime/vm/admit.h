/* admit.h: guests started together, by whichever processes of a user, never ask for more than the host has.
 *
 * What they have is locked in a file: a byte for each CPU and each 64 MB. The locks (of the open file, F_OFD_SETLK) go with
 * the process that has them, however it ends. They are given in turn: who came first gets in first, so a large guest is not
 * passed for ever by small ones. The file is $XDG_RUNTIME_DIR/ktstr/guests, else "guests" in the usual store. */
#pragma once
#include <stdint.h>
struct err;
struct machine;

/* QEMU's own memory beside the guest's RAM, generously. */
enum { ADMIT_QEMU_MB = 256 };

struct admit_size {
	uint64_t cpus, mb;
};

/* All there is for guests: the CPUs and the memory this process may use, or KTSTR_GUEST_CPUS and KTSTR_GUEST_MB. */
int admit_room(struct admit_size *room, struct err *e);

/* What a machine asks for: a CPU for each vCPU, one for all of them where they take turns. One with more vCPUs than there are
 * CPUs asks for all of these: it runs, slowly and alone. One with too much memory is X_USAGE. */
int admit_ask(struct admit_size *ask, const struct machine *m, const struct admit_size *room, struct err *e);

/* Waits until so much is free, and takes it: *fd has it until it is closed or we die. tell (may be NULL) is called once, with
 * a sentence for people, when that takes a while. X_TIMEOUT at the deadline (now_ms() scale, -1 none); a stop ends it. */
int admit_wait(const struct admit_size *ask, const struct admit_size *room, long long deadline,
	       void (*tell)(const char *), int *fd, struct err *e);
