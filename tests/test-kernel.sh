#!/bin/sh
# test-kernel.sh: prints the cache key of an imported distribution kernel, importing it when it is not there yet.
# Options are those of fetch-kernel.sh.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
packages=$(sh "$root/tests/fetch-kernel.sh" "$@")
# shellcheck disable=SC2086 # one path per line, no spaces in package names
ktstr -q kernel import $packages
