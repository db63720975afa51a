/* sidecars.h: where the sidecar files of the user's project are. */
#pragma once

/* given, unless it is NULL; else $KTSTR_SIDECAR_DIR; else of the folders with sidecars below target/ktstr the one with the newest
 * of them. target is what the environment names for cargo, else what cargo's configuration does and the first one with a ktstr in it
 * from the current folder up to the root of the workspace. NULL: there is none. Says on stderr which one was found. Caller frees. */
char *sidecars_dir(const char *given);
