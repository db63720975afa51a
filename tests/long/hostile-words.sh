#!/bin/sh
# Every word of tests/cli/hostile-words.sh in every place; there a few are tried in most of them.
HOSTILE_WORDS=all exec sh "$(dirname "$0")/../cli/hostile-words.sh"
