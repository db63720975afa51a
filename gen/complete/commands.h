/* commands.h: compile_commands.json of a source tree that was built. */
#pragma once

/* From the result of a build (folder build) into the tree; a note says why not. The tree may belong to somebody who does not want
 * us to write there. */
void commands_place(const char *build, const char *tree);
/* For a tree whose kernel was there: the file of its last build, as long as the store has it, unless there is one in the tree. A
 * note says when there is none to be had. */
void commands_restore(const char *tree);
