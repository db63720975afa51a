/* words.h: argv and environment out of a message. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Builds argv and environment of START and RUN from their strings; false: damaged. What env lacks of PATH, HOME and
 * RUST_LOG is added. The vectors are static and valid until the next call. */
bool words(const char *data, size_t n, uint32_t argc, uint32_t n_env, char ***argv, char ***env);
