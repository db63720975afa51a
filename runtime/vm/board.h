/* board.h: the host's side of guest/board.h: when a guest may be spoken to, and how.
 *
 * The guest stands still from the moment its call was heard until board_release(). Whoever talks to it through struct chan
 * need not know: what is sent waits here, and the guest is let go when its words are used up and somebody asks for more. */
#pragma once
#include "guest/board.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct idle_page;
struct machine;
struct vm;

enum { BOARD_PAGES = 2 * BOARD_BOX / BOARD_PAGE, BOARD_ALL_PAGES = BOARD_PAGES + BOARD_TRAY / BOARD_PAGE };

struct board {
	struct vm *vm;    /* whose memory it is in */
	int ring, gate;   /* our ends; -1: closed, and in real time there is no gate */
	int full;         /* bytes that fill the gate */
	int taken;        /* out of it by us */
	uint64_t address; /* guest-physical, of the head; 0: not known yet */
	uint64_t *page;   /* BOARD_ALL_PAGES: of the boxes, then of the tray; NULL: not known yet */
	uint32_t tray;    /* pages of that */
	bool called;      /* the guest stands in a call, and its outbox was taken */
	bool asked;       /* its monitor is asked something: QEMU's main loop may be seen whoever lets the guest go */
	bool parked;      /* it rang to be saved, and what stands in the gate is no call */
	struct idle_page *idle; /* of QEMU's library (idle/idle.h); NULL: it has none */
	int news;               /* its eventfd; -1 */
	unsigned char name[8];
	unsigned name_n; /* bytes of its address that came, counted from 1 on once RING_BOARD came; 0: none is coming */
	/* Somebody looks when the guest asks to be looked at: RING_SAMPLE or RING_MARK. In virtual time it stands still meanwhile. NULL:
	 * nobody does, and the guest must not ask. */
	int (*look)(void *arg, int ring, struct err *e);
	void *look_arg;
	unsigned looked; /* bytes that looks have in the gate, or will have */
	char *to;        /* for the inbox */
	size_t to_n, to_cap;
};

/* Two pairs of sockets, ours first. The gate is full: what is written to it waits. */
int board_pairs(int ring[2], int gate[2], struct err *e);
/* Two descriptors for ktstr-idle.so: a page and an eventfd. */
int board_idle(int idle[2], struct err *e);
/* Maps and takes them. Before this the guest counts as one whose monitor is asked. */
int board_use_idle(struct board *b, const int idle[2], struct err *e);
/* Whether the guest runs by itself from now on, so that QEMU's main loop waits where it could be seen; a question to its monitor may wait
 * as long as the guest computes then. board_release() says so. */
void board_alone(struct board *b, bool alone);
/* Until it is false again the guest is not alone, whatever board_alone() says. What comes of it is no run that is repeated. */
void board_asked(struct board *b, bool asked);
/* Takes the descriptors. */
void board_open(struct board *b, struct vm *vm, int ring, int gate);
void board_close(struct board *b);
/* The pages that a head names: each in RAM, aligned, and those of the boxes all there. How many of the tray follow, or negative.
 * Hostile in, X_VM. */
int board_pages(uint64_t page[BOARD_ALL_PAGES], const struct board_head *h, const struct machine *m, struct err *e);
/* A board whose address is known: that of a continued guest. */
int board_find(struct board *b, uint64_t address, struct err *e);
/* Queues bytes for the guest's next call. */
int board_send(struct board *b, const void *data, size_t n, struct err *e);
enum { BOARD_QUIET = 0, BOARD_CALLED = 1, BOARD_GONE = 2 };
/* What was rung since, without waiting. BOARD_CALLED: *out is what the outbox had, the caller's. */
int board_listen(struct board *b, char **out, size_t *n, struct err *e);
/* What was rung at a board that is closed, without waiting: looks, and what nobody asked for. */
int board_hear_bell(const struct board *b, int bell, struct err *e);
/* Ends a call: fills the inbox, and lets the guest go. */
int board_release(struct board *b, struct err *e);
/* How many bytes the guest has written to the gate, each after its waiting: -1 when that cannot be told. */
int board_passed(const struct board *b);
/* Lets n bytes through the gate, now or as they come. */
int board_open_gate(struct board *b, unsigned n, struct err *e);
