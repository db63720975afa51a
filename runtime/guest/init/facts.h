/* facts.h: HELLO: what the host is to know of this guest. */
#pragma once

void facts_hello(void);
