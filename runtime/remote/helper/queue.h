/* queue.h: what steps ask for and what is to be sent, done by threads, each with a connection of its own.
 *
 * Whoever waits goes first: half of the threads never send. What is to be sent waits as a key and a path, without a descriptor, however
 * many there are. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;
struct queue;
struct run;

enum { QUEUE_THREADS = 8, QUEUE_MAX = 100000 };

int queue_open(struct queue **q, struct run *run, struct err *e);
/* A connection of a step that waits, which is answered and closed. */
void queue_get(struct queue *q, const char *key, const char *path, int client);
void queue_put(struct queue *q, const char *key, const char *path);
/* Waits until nothing is left, at most until deadline (run_ms() scale). Results that are still to be sent. */
size_t queue_drain(struct queue *q, long long deadline);
