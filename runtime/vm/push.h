/* push.h: files into a running guest. */
#pragma once
struct err;
struct payload;
struct vm;

/* Content into the tray, FILES, where that is not all PAGES, content into those, PUSHED, and FILES_OK. Runs are checked against the
 * machine's RAM. */
int vm_push(struct vm *vm, const struct payload *p, struct err *e);
