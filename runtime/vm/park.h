/* park.h: a guest in virtual time stopped behind one exact instruction, so that saved guests of one recipe are one guest.
 *
 * A monitor's "stop" reaches the vCPUs when QEMU's main loop has come round, and time goes on meanwhile: two saved guests would
 * differ by a timer tick, and each run from them by everything after it. So PID 1 makes several gate calls in a row. A vCPU that
 * waits in the gate holds QEMU's big lock. "stop" is sent meanwhile, and the main loop waits for the lock with it. Between two gate
 * calls the main loop and the vCPU both want the lock. The main loop is helped to have it first; it takes the command at one such
 * chance, and obeys it at the next. From then on the vCPU stops in front of the next instruction that needs the lock, or behind
 * it, without a clock that warps or a timer that fires between. So the calls that passed
 * the gate until STOP are counted (what was let through may not have been used): two is exact, whatever else is another place, and
 * the guest is booted again. */
#pragma once
struct err;
struct vm;

enum { PARK_EXACT = 0, PARK_INEXACT = 1 };
/* PARK, up to the event STOP. The guest is in the call of its HELLO. PARK_INEXACT: it stands somewhere else, and must be booted
 * again. */
int park_guest(struct vm *vm, struct err *e);
/* Lets a guest go on that was continued from such a stop; its next call is told as any. */
int park_leave(struct vm *vm, struct err *e);
/* Until the guest that has called stands in the gate, so that its memory is still. */
int park_wait_gate(struct vm *vm, struct err *e);
