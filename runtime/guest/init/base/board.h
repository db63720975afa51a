/* board.h: PID 1's side of guest/board.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Makes the board and tells the host where it is; false: this machine or kernel has none (it has a virtio port). */
bool board_open(void);
/* The clock is virtual, and there is no port. */
bool board_is_all(void);
/* The pages of its tray, in the order in which the host fills them, and how many there are. */
const char *const *board_tray(uint32_t *pages);
/* Of the head; 0: there is no board. */
uint64_t board_address(void);
/* Puts as much of data as fits into the outbox: how many bytes. */
size_t board_put(const void *data, size_t n);
/* A call. *in: what the host left in the inbox, valid until the next call. True: it has more. */
bool board_call(const void **in, size_t *n);
/* MSG_PARK: lets the guest settle, then stands at the gate until the host has stopped and saved it, and goes on from there
 * in every guest that is continued. */
void board_park(void);
/* In a child, before it runs somebody's program: ports are PID 1's. */
void board_drop(void);
