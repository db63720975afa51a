/* drafts.h: what nobody will come back for in the store's "sources" and "tarballs". */
#pragma once
struct store;

/* Removes drafts of trees whose maker is dead, and first parts of downloads that nobody went on with for a month. */
void drafts_collect(struct store *st);
