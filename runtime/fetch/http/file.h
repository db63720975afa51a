/* file.h: http_get for file URLs. */
#pragma once
struct err;
struct http_state;

/* 0 when all is there. */
int http_file(struct http_state *s, struct err *e);
