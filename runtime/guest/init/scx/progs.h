/* progs.h: BPF programs that are loaded. */
#pragma once

void progs_send(void);
