/* remote.h: whether kernels are shared with other runs by the cache of GitHub Actions (docs/kernels.md). */
#pragma once

/* OFF: nobody asked for it. LACKS: KTSTR_GHA_CACHE is 1, but what the runner tells its actions is not there.
 * V1, V2: by that generation of the API. */
enum remote { REMOTE_OFF, REMOTE_LACKS, REMOTE_V1, REMOTE_V2 };

/* From the environment. *url and *token, where they are not NULL, are set for V1 and V2; *lacks for LACKS: the names of the
 * variables, for messages. */
enum remote remote_which(const char **url, const char **token, const char **lacks);
