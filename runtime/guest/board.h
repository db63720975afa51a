/* board.h: how a guest in virtual time and its host talk: through memory, and a doorbell that costs no guest time.
 *
 * PID 1 makes a board: a page with struct board_head, an outbox and an inbox. Both boxes are streams of proto.h's frames; a
 * frame may be longer than a box and then takes several calls. The board's pages are pinned, and named to the host by their
 * guest-physical addresses: the head's through the ring (and in HELLO, "board {hex}"), the boxes' in the head.
 *
 * A call: the guest writes its outbox, rings, and writes one byte to the gate. Both are debug consoles of QEMU
 * (-device isa-debugcon), whose other ends are sockets of the host. The gate's socket is full, and a debug console waits until
 * its socket has room, in the thread that runs all vCPUs: until the host takes a byte out of the gate no instruction runs and
 * no time passes. Meanwhile the host reads the outbox and fills the inbox. It writes to the guest in calls only, so that what
 * the guest sees depends on what it said and not on when the host had time.
 *
 *   ring            then
 *   RING_BOARD      eight more bytes: the head's address, least significant first; once, before the first call
 *   RING_CALL       one byte to the gate: a call
 *   RING_PARK       BOARD_PARK bytes to the gate, with nothing between them: MSG_PARK's answer. See vm/park.h
 *
 * The guest may lie: the host copies the head once and checks each number before it uses it. */
#pragma once
#include "guest/proto.h"
#include <stdint.h>

#define BOARD_RING_PORT 0xe9
#define BOARD_GATE_PORT 0xea
#define BOARD_MAGIC 0x4452424bu /* "KBRD" */
#define BOARD_VERSION 1u
#define BOARD_BOX (256u << 10) /* bytes of each box, a multiple of BOARD_PAGE */
#define BOARD_PAGE 4096u
#define BOARD_RUNS 248u
#define BOARD_PARK 6u
/* On the kernel's command line; the kernel hands it to PID 1 as an environment variable. */
#define BOARD_VARIABLE "KTSTR_BOARD"

enum board_ring { RING_BOARD = 'B', RING_CALL = 'c', RING_PARK = 'p' };

struct board_head {
	uint32_t magic, version;
	uint32_t n_runs;  /* of run */
	uint32_t out_n;   /* bytes in the outbox; the guest sets it before a call */
	uint32_t in_n;    /* bytes in the inbox; the host sets it in a call */
	uint32_t in_more; /* 1: the host has more than fitted; the guest calls again */
	uint32_t reserved[2];
	struct proto_run run[BOARD_RUNS]; /* the outbox's pages, then the inbox's: 2 * BOARD_BOX bytes in all */
};
_Static_assert(sizeof(struct board_head) <= BOARD_PAGE, "the head is one page");
