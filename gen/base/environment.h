/* environment.h: paths that come by the environment.
 *
 * Steps work in a build folder, so what a variable names relative to the user's folder is made absolute here, once for all
 * that read it: us, steps, make, ssh, the dynamic linker. The settings of the remote store are taken from there as well (remote.h). */
#pragma once
#include <stdbool.h>
struct err;

/* First thing after stop_init(). Folders and files of XDG variables that are no absolute path are ignored, as their standard
 * asks, with a warning if say. KTSTR_START_DIR becomes the current folder. */
int environment_settle(bool say, struct err *e);
