/* try.h: one try of http_get by libcurl. */
#pragma once
struct err;
struct http_state;

/* 0 when all is there. */
int http_try(struct http_state *s, struct err *e);
