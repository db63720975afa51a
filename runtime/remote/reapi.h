/* reapi.h: ActionResult of Bazel's Remote Execution API v2 (build/bazel/remote/execution/v2/remote_execution.proto), as far as caches
 * go by it: which files there are, so that a server keeps them as long as their result, and refuses a result without them.
 *
 *   ActionResult   2 output_files (OutputFile)…, 4 exit_code, 9 execution_metadata
 *   OutputFile     1 path, 2 digest, 4 is_executable
 *   Digest         1 hash (hex), 2 size_bytes
 *   metadata       1 worker */
#pragma once
#include "store/digest.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

enum { REAPI_MAX = 4 << 20, REAPI_FILES = 8192, REAPI_PATH_MAX = 4096 };

struct reapi_file {
	char *path;
	char hex[KEY_LEN + 1];
	uint64_t size;
	bool program;
};

struct reapi {
	struct reapi_file *v;
	size_t n;
};

void reapi_add(struct reapi *r, const char *path, const char *hex, uint64_t size, bool program);
/* The caller frees. worker: where it was made. */
char *reapi_encode(const struct reapi *r, const char *worker, size_t *n);
/* Of the files; all else is skipped, as protocol buffers ask for. X_BAD_ARCHIVE for what is no such message, and for a failed
 * action. */
int reapi_decode(struct reapi *r, const void *data, size_t n, struct err *e);
void reapi_free(struct reapi *r);
#define auto_reapi __attribute__((unused, cleanup(reapi_free)))
