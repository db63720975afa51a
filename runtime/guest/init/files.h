/* files.h: files whose content the host writes into our memory. */
#pragma once
#include <stddef.h>

void files_make(const void *manifest, size_t n);
void files_pushed(void);
