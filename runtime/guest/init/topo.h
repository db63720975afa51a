/* topo.h: which CPUs and nodes belong together, as lines of HELLO. */
#pragma once
#include <stdio.h>

void topo_write(FILE *f);
