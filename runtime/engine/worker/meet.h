/* meet.h: acts in which workers of a group meet: events, pipes, locks, signals.
 *
 * Who waits looks around before and after; after a wait it counts how long ago it was let go. Who lets somebody go writes the
 * time into that one's seat before it does, so that the director sees also who never wakes up. */
#pragma once
#include "engine/worker/actor.h"

void meet_wake(struct actor *a, const struct act *act);
void meet_wait(struct actor *a, const struct act *act);
void meet_send(struct actor *a, const struct act *act);
void meet_receive(struct actor *a, const struct act *act);
void meet_lock(struct actor *a, const struct act *act);
void meet_unlock(struct actor *a, const struct act *act);
void meet_pilock(struct actor *a, const struct act *act);
void meet_piunlock(struct actor *a, const struct act *act);
void meet_signal(struct actor *a, const struct act *act);
void meet_sigwait(struct actor *a, const struct act *act);

/* Around a wait for processes and threads of its own, of which nobody tells when they were done. */
void meet_others(struct actor *a);
void meet_done(struct actor *a);

/* Before the first act of a worker: the signal of sigwait is kept for it. */
void meet_prepare(void);
