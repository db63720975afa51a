/* room.h: how much a file system still takes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Bytes that we may still write where path or fd is. false: it does not tell (some network and user-space file systems; a refused system
 * call), which is no reason not to write. */
bool room_at(const char *path, uint64_t *bytes);
bool room_fd(int fd, uint64_t *bytes);
