/* board.h: how a guest and its host talk through memory and a doorbell.
 *
 * PID 1 makes a board: a page with struct board_head, an outbox, an inbox and a tray. Both boxes are streams of proto.h's
 * frames; a frame may be longer than a box and then takes several calls. The tray takes the content of small files
 * (proto.h's FILES). The board's pages are pinned, and named to the host by their guest-physical addresses: the head's
 * through the ring (and in HELLO, "board {hex}"), the others' in the head.
 *
 * A call: the guest writes its outbox, rings, and waits. Meanwhile the host reads the outbox and fills the inbox and the tray.
 * It writes to the guest in calls only. The ring is a debug console of QEMU (-device isa-debugcon), whose other end is a socket
 * of the host. How the guest waits depends on the clock:
 *
 *   virtual   It writes one byte to the gate, another debug console. The gate's socket is full, and a debug console waits until
 *             its socket has room, in the thread that runs all vCPUs: until the host takes a byte out of the gate no
 *             instruction runs and no time passes. So what the guest sees depends on what it said and not on when the host
 *             had time.
 *   real      It looks at the head until the host has counted the call. A snapshot is taken within a call, and its guests go
 *             on with what the host answers: no interrupt, no driver and no wake-up is needed for that. Where the guest needs
 *             a word of the host at any time (a session), PORT sends both to the virtio port.
 *
 *   ring            then
 *   RING_BOARD      eight more bytes: the head's address, least significant first; once, before the first call
 *   RING_CALL       one byte to the gate: a call
 *   RING_SAMPLE, RING_MARK   one byte to the gate (virtual time): a look. The host reads the guest's memory and nothing is
 *                   said; it is rung by whoever wants to be looked at, and may come between a call's ring and its gate
 *   RING_PARK       BOARD_PARK bytes to the gate, with nothing between them: MSG_PARK's answer. See vm/park.h
 *
 * The guest may lie: the host copies the head once and checks each number before it uses it. */
#pragma once
#include "guest/proto.h"
#include <stdbool.h>
#include <stdint.h>

#define BOARD_RING_PORT 0xe9
#define BOARD_GATE_PORT 0xea
#define BOARD_MAGIC 0x4452424bu /* "KBRD" */
#define BOARD_VERSION 2u
#define BOARD_BOX (256u << 10) /* bytes of each box, a multiple of BOARD_PAGE */
#define BOARD_TRAY (4u << 20)  /* bytes of the tray at most; a guest whose memory is in pieces has less */
#define BOARD_PAGE 4096u
#define BOARD_RUNS 248u
#define BOARD_PARK 6u
/* What the program is called (its comm) that rings to be looked at. */
#define BOARD_LOOKER "ktstr-director"
/* On the kernel's command line; the kernel hands it to PID 1 as an environment variable. */
#define BOARD_VARIABLE "KTSTR_BOARD"
#define BOARD_VIRTUAL "1"
#define BOARD_REAL "2"

enum board_ring { RING_BOARD = 'B', RING_CALL = 'c', RING_PARK = 'p', RING_SAMPLE = 's', RING_MARK = 'm' };

struct board_head {
	uint32_t magic, version;
	uint32_t n_runs;                  /* of run */
	uint32_t out_n;                   /* bytes in the outbox; the guest sets it before a call */
	uint32_t in_n;                    /* bytes in the inbox; the host sets it in a call */
	uint32_t in_more;                 /* 1: the host has more than fitted; the guest calls again */
	uint32_t calls;                   /* real time: the guest counts up before it rings */
	uint32_t answers;                 /* and the host makes it equal at the end of the call */
	struct proto_run run[BOARD_RUNS]; /* the outbox's pages, the inbox's (2 * BOARD_BOX bytes), then the tray's */
};
_Static_assert(sizeof(struct board_head) <= BOARD_PAGE, "the head is one page");

/* Whether the content of the next file of a manifest goes through a tray of so many pages, of which *used are taken. */
static inline bool board_tray_takes(uint32_t *used, uint32_t pages, uint64_t size)
{
	uint64_t need = size / BOARD_PAGE + (size % BOARD_PAGE != 0);

	if (need > pages - *used)
		return false;
	*used += (uint32_t)need;
	return true;
}
