/* log.h: what a scheduler printed, and the verifier's part of it.
 *
 * libbpf frames the kernel's log of a program that was refused with "-- BEGIN PROG LOAD LOG --" and
 * "-- END PROG LOAD LOG --". Views point into the text given; nothing is copied. All of it is hostile. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct view {
	const char *p;
	size_t n;
};

struct log_program {
	struct view name; /* whole, not cut at 15 characters as the kernel does; n 0: unknown */
	struct view text;
};
/* The next log between the markers: pass *at = 0 first; false at the end. An END that is missing ends at the text's end.
 * The partial line in front of END and trailing newlines are cut. */
bool log_program(struct view text, size_t *at, struct log_program *out);
/* The last of them: libbpf stops at the first program that is refused, and may print the logs of those before. */
bool log_last_program(struct view text, struct log_program *out);
/* The lines outside of all marker pairs, a piece at a time: pass *at = 0 first; false at the end. */
bool log_outside(struct view text, size_t *at, struct view *out);

struct log_stats {
	uint64_t processed; /* 0: no such line */
	uint64_t total_states, peak_states;
	bool has_states, has_time;
	uint64_t usec;
	struct view stack; /* "16+0"; n 0: unknown */
};
/* Last line of each kind wins. */
void log_stats(struct view log, struct log_stats *s);

/* A line of a verifier's log that says how, not why: statistics, states; an empty one too. */
bool log_is_detail(struct view line);
/* Cuts the last line off *rest, without its newline; false when there is none. */
bool log_last_line(struct view *rest, struct view *line);
bool log_starts(struct view line, const char *word);
/* libbpf's words, "libbpf: …", also behind those that a scheduler's logger begins its lines with; n 0: it has none. */
struct view log_libbpf(struct view line);
