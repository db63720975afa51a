/* port.h: frames to and from the host: through the board (guest/board.h) or the virtio-serial port. */
#pragma once
#include "guest/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens the board, and waits for the port's device and opens that unless the board is all there is. request does what one frame of the host asks for; room sends the next chunks of
 * bulk transfers, and is called when there is room again. */
void port_open(void (*request)(uint32_t type, const void *data, size_t n), void (*room)(void));
/* Queues a copy and sends what the host takes now. */
void port_send(enum proto_type type, const void *data, size_t n);
void port_failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Room for bulk data: ask before every chunk of it. */
bool port_ready(void);
/* Calls the host although there is nothing to say; a board's only. */
void port_want(void);
/* MSG_PORT: the board is not used any more. */
void port_use(void);
/* Pushes what is queued for at most ms milliseconds; for the way down only. */
void port_flush(int ms);
