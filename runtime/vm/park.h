/* park.h: a guest in virtual time stopped behind one exact instruction, so that saved guests of one recipe are one guest.
 *
 * A monitor's "stop" reaches the vCPUs when QEMU's main loop has come round, and time goes on meanwhile: two saved guests would
 * differ by a timer tick, and each run from them by everything after it. So PID 1 makes several gate calls in a row. A vCPU that
 * waits in the gate holds QEMU's big lock, and a main loop that is asked something waits for it. The call ends, the vCPU lets the lock
 * go and wakes the main loop: there it is held (process/hold.h). The main loop answers, takes "stop" and waits for the vCPU, which
 * is let go then and stops in front of the next instruction that needs the lock, without a clock that warps or a timer that fires
 * between. It is the second call behind which it stops; the calls that passed are counted, and any other number is another place:
 * the guest is booted again.
 *
 * Where the host refuses to have it held, who comes first decides. Between two gate calls the main loop and the vCPU both want the
 * lock. "stop" is sent while a call lasts. The main loop is helped to have the lock first; it takes the command at one such chance,
 * and obeys it at the next. A scheduler that does not choose who was woken (EEVDF, Linux 6.6, on a host with nothing else to do)
 * lets it come too late, nearly always. If both chances come before the vCPU runs at all it stops behind the first call; then it is
 * let on to the second, and stopped in the same way there. */
#pragma once
struct err;
struct vm;

enum { PARK_EXACT = 0, PARK_INEXACT = 1 };
/* PARK, up to the event STOP. The guest stands in a call, and what it said in it was heard. PARK_INEXACT: it stands somewhere else,
 * and must be brought here again. */
int park_guest(struct vm *vm, struct err *e);
/* Lets a guest go on that was continued from such a stop; its next call is told as any. */
int park_leave(struct vm *vm, struct err *e);
/* The same, as soon as it does: it has just rung. Where the host does not show what QEMU's threads do, as above. */
int park_wait_still(struct vm *vm, struct err *e);
/* Until the guest that has called stands in the gate, so that its memory is still. */
int park_wait_gate(struct vm *vm, struct err *e);

/* A byte that a program writes to the gate waits there as one of PID 1's does, and no ring tells: no instruction runs any more, and
 * the guest's own deadline cannot pass. But QEMU's monitor answers nothing then, and at once while the guest computes. Who computes is
 * not asked, because QEMU's main loop goes round for the question (idle/idle.h): only one whose thread naps as it does in the gate, or of
 * which the host shows nothing.
 *
 * LOOK: how long the guest says nothing before it is asked after, each time. SILENT: within which an answer comes; a monitor that has
 * to wait behind others with all the priority takes some seconds. */
enum { PARK_LOOK_MS = 1000, PARK_SILENT_MS = 10000 };
/* Looks, asks, and waits for at most silent_ms for the answer, a ring, or QEMU's end. X_VM: none of them came, so somebody stands in
 * the gate who has not rung. */
int park_check(struct vm *vm, int silent_ms, struct err *e);
