#!/bin/sh
# 50 MB through a guest, by stdin and stdout.
KTSTR_TEST_MB=50 exec sh "$(dirname "$0")/../vm/shell.sh"
