/* pause.h: how long to wait before a request is tried again. */
#pragma once

struct err;

/*
 * Milliseconds to wait after the failed try number FAILED, from 1: KTSTR_RETRY_MS (1 to 30000; 500 when it is not set),
 * doubled with each failure, no less than the server asked for (WISH; 0: it did not), and LONGEST at most. Negative:
 * KTSTR_RETRY_MS is no such number (X_USAGE).
 */
int http_pause_ms(unsigned failed, unsigned wish, unsigned longest, struct err *e);
