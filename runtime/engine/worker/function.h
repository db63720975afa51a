/* function.h: what the engine tells a test program that it executes for a worker, whose work is a function of it.
 *
 *   argv  PROGRAM --ktstr-work NAME
 *   env   KTSTR_WORKER="ABI FILE PLACE TURN INDEX COUNT SPEED RANDOM", decimal numbers; KTSTR_WORKER_COMM: how the worker is called
 *
 * The program is where the worker is to be, with its policy and its CPUs. It maps the stage's head and its seat, closes the file, writes
 * its thread id into the seat, waits for the go, and works until it is killed. */
#pragma once
#include "engine/worker/seat.h"
#include <stdbool.h>
#include <stdint.h>

#define FUNCTION_WORD "--ktstr-work"
#define FUNCTION_ENV "KTSTR_WORKER"
#define FUNCTION_COMM_ENV "KTSTR_WORKER_COMM"

enum { FUNCTION_REFUSED = 127 /* exit code of a program that could not take up the work */, FUNCTION_WORDS_MAX = 200 };

struct function_call {
	unsigned abi;           /* STAGE_ABI */
	int file;               /* descriptor of the stage */
	uint64_t place;         /* of the seat in it */
	uint32_t turn;          /* of the stage's go: when it begins */
	uint32_t index, count;  /* among the workers of its line */
	uint64_t speed, random; /* worker/burn.h, scenario/random.h */
};

void function_call_write(char to[FUNCTION_WORDS_MAX], const struct function_call *c);
/* false: these are no such words. Of another ABI no more is read than that. */
bool function_call_read(struct function_call *c, const char *text);
/* Waits until the stage's workers of that turn are let go. */
void function_wait(const struct stage_head *head, uint32_t turn);
