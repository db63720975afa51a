/* sysctls.h: what the kernel's command line says beside what every guest is told: sysctls to be set, and what became of them and of
 * parameters, as lines of HELLO (guest/proto.h). */
#pragma once
#include <stdio.h>

/* Those of PROTO_SYSCTLS, once, in their order. */
void sysctls_set(FILE *f);
/* What the kernel did not know, it handed to us: words with "=" are in our environment, others are our arguments. */
void sysctls_unknown(FILE *f);
