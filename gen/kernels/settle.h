/* settle.h: from words to kernels: which version, which entry of the cache, which names. */
#pragma once
struct err;
struct kernels;
struct search;

/* Asks, looks into the cache, and fills w: each kernel once, names and labels that differ. */
int search_settle(struct search *s, struct kernels *w, struct err *e);
