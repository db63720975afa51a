#!/bin/sh
# A guest whose init is starved: only its silence tells, which takes minutes.
KTSTR_TEST_STARVED=1 exec sh "$(dirname "$0")/../vm/faults.sh"
