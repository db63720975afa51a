/* step.h: the frame around everything ninja runs.
 *
 *   ktstr-step NAME --id ID --store DIR --out DIR [--force] options…
 *
 * The frame parses, lets the step state its recipe, asks the store, and on a miss gives the step an empty draft folder
 * to fill. Hit or miss, the result's files end up in --out, untouched when equal. Start, progress, end and failure go
 * to the generator as events; by hand, errors go to stderr and the exit code is the error's. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct hashes;
struct opt;
struct recipe;
struct store;

struct step_size {
	uint64_t cpus, mem_mb;
};

struct step {
	const char *name;
	unsigned format; /* part of the recipe; bump to forget old results */
	const char *summary;
	const struct opt *opts; /* beside --id, --store, --out, --force */
	/* States every fact the result depends on. NULL: not stored, run() is called each time with out itself. It is called each time,
	 * by force and when the store has the result, so it is also where work is done that must not be left out (cargo builds,
	 * payload writes what ninja is to watch); what fails in it is the step's failure like any other, and nothing is kept. */
	int (*recipe)(struct recipe *r, struct hashes *h, struct err *e);
	/* Fills the folder open as dir (absolute path given for programs that want one). */
	int (*run)(int dir, const char *path, struct err *e);
	/* Called when a new result was stored and placed, to throw out old ones. May be NULL; what it says is a warning. */
	int (*tidy)(struct store *st, struct err *e);
	/* Behind recipe(): what it takes of the machine that it runs on. NULL: it runs here, whatever KTSTR_LAUNCHER says (launch/command.h). */
	void (*size)(struct step_size *s);
	bool costly; /* a guest, a build or a fetch: where KTSTR_ASK is set it fails with X_UNKNOWN instead, unless the store has the result */
	/* Its result is of use on other machines with the same recipe, for the step's options: it is asked for and sent by letter/far.h.
	 * NULL: never. Whatever else the step does than fill its folder would be left out. */
	bool (*travels)(void);
	bool secrets; /* works with ACTIONS_RUNTIME_TOKEN, which no other step or program is to see */
};

/* Told to the generator while run() works; note may be NULL. Drawn as a bar when total is not 0. */
void step_progress(uint64_t done, uint64_t total, const char *note);
/* A line for the person who asked for the work; by hand it goes to stderr. */
void step_note(const char *text);
/* What a program of the step says to its user, for the generator's stderr as it is; by hand, to ours. */
void step_output(const char *text, size_t n);
/* For travels: always. */
bool step_travels(void);
/* The store the frame opened, for steps that need a place of their own below it. */
struct store *step_store(void);
/* --out of this run, for records of failed runs that must not enter the store. */
const char *step_out(void);
/* The step is about to fail, and has left in --out what tells so: ninja goes on with what is made of that. An output that is missing there
 * makes it run again the next time. */
void step_goes_on(void);

int step_main(const struct step *s, int argc, const char *const *argv);

extern const struct step *const steps[]; /* NULL-ended; table.c of the program */
