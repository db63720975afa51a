/* progress.h: how far a fetch is, for whoever shows it. */
#pragma once

/* Bytes or files, as note says; total 0: not known. note NULL: the one before stays. */
typedef void source_progress(unsigned long done, unsigned long total, const char *note);
