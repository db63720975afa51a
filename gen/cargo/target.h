/* target.h: where cargo puts what it makes, unless that is "target" in the root of the workspace. Callers free. */
#pragma once
#include <stdbool.h>

/* $CARGO_TARGET_DIR, else $CARGO_BUILD_TARGET_DIR; NULL: neither is set. */
char *cargo_target_named(void);
/* By a configuration of cargo's (.cargo/config.toml from the current folder upward, $CARGO_HOME/config.toml); cargo is asked when one of them
 * may say so. NULL: none does, or cargo does not answer. */
char *cargo_target_configured(void);
/* Whether Cargo.toml of dir has a [workspace] section. */
bool cargo_workspace_root(const char *dir);
