/* far.h: the other end of a launcher: what `ktstr-step launched` does.
 *
 * Takes a job (job.h) from its standard input, runs it as a child, and says on its standard output (line.h) what that says. When the input ends,
 * or a signal comes, the child unwinds, and so do its guests. Nothing is taken of the environment and the folder that it was started in
 * but what is about the machine. */
#pragma once

/* self: the program of the step, absolute. Returns the exit code. */
int far_main(const char *self);
