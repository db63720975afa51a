#!/bin/sh
# man.sh VERSION: the page ktstr(3) on stdout, in the language of man: what ktstr.h beside it says, and what a program takes from outside.
set -eu
header=$(dirname "$0")/ktstr.h

# Text as it is: no escape, no dash that breaks what somebody pastes, no request at the beginning of a line.
as_is() {
	sed "s/…/.../g; s/\\\\/\\\\e/g; s/-/\\\\-/g; s/^[.']/\\\\\\&&/"
}

printf '.\\" Written from ktstr.h.\n.TH "ktstr" 3 "" "ktstr %s"\n' "$1"
cat <<'END'
.SH NAME
ktstr \- tests of sched_ext schedulers in C and C++
.SH SYNOPSIS
.nf
#include <ktstr.h>

cc tests.c $(pkg\-config \-\-cflags \-\-libs libktstr) \-o tests
\&./tests [\fINAME\fR]...
\&./tests \-\-list [\-\-format terse] [\-\-ignored]
\&./tests \-\-exact \fINAME\fR [\-\-skip\-code \fIN\fR]
\&./tests \-\-export
.fi
.SH DESCRIPTION
END
# The first comment: paragraphs, and what is indented as it stands.
sed -n '2,/\*\//p' "$header" | sed 's/ \*\/$//; s/^ \* \{0,1\}//' | as_is | awk '
	/^  / { if (!code) print ".PP\n.nf"; code = 1; print; next }
	/^$/ { if (code) { print; next } print ".PP"; next }
	{ if (code) print ".fi\n.PP"; code = 0; print }
	END { if (code) print ".fi" }'
echo '.SH DECLARATIONS'
echo '.nf'
sed -n '/^#define KTSTR_ABI/,/^#pragma GCC visibility pop/p' "$header" | sed '$d' | as_is
echo '.fi'
echo '.SH MACROS'
echo '.nf'
sed -n '/^\/\* A test whose scenario is a text/,$p' "$header" | grep -E '^(/\*|#define KTSTR_(SCENARIO|TEST|HOST_TEST|WORK|PROGRAM|DEFINE_PROGRAM|MAIN))' |
	sed 's/^\(#define [^ (]*([^)]*)\).*/\1/; s/ (&ktstr_program_)//; s/ \\$//' | as_is
cat <<'END'
#define KTSTR_SCHEDULER(id, ...)
#define KTSTR_LIST(...), KTSTR_FLAGS(...), KTSTR_MAP_WRITES(...)
.fi
.SH ENVIRONMENT
.TP
\fBKTSTR\fR
The program that runs tests. Unless given: the one beside the library, or that of PATH.
.TP
\fBKTSTR_TEST_KERNEL\fR, \fBKTSTR_KERNEL\fR
The kernel, as \fBktstr run \-\-kernel\fR takes it; the first one counts. Unless given: the newest of the cache.
.TP
\fBKTSTR_SCHEDULER\fR
The program of schedulers that tests know by a name.
.TP
\fBKTSTR_SEEDS\fR, \fBKTSTR_CLOCK\fR
What \fB\-\-seeds\fR and \fB\-\-clock\fR of \fBktstr run\fR say, in place of what tests say.
.TP
\fBKTSTR_HOST_TEST_SECS\fR
Seconds for each test of the host, when the program runs several. Unless given: 600.
.TP
\fBKTSTR_BUDGET_SECS\fR
\fB\-\-list \-\-format terse\fR names as many tests as fit into so many seconds, and those that cover most.
.TP
\fBKTSTR_SIDECAR_DIR\fR
A folder for sidecar files.
.TP
\fBKTSTR_STORE\fR
Where results are kept, and texts of tests below
.IR texts .
.SH EXIT STATUS
Of \fB\-\-exact\fR: 0 when the test passed or was skipped (or what \fB\-\-skip\-code\fR says), 1 when it failed, 2 when nothing can be said about it, 5 or 6 when it
did not come to a run. Else the worst of all tests. exit\-codes.md has the others.
.SH SEE ALSO
\fBktstr\-run\fR(1), and the guides below share/doc/ktstr: scenarios.md, cli.md, formats.md, exit\-codes.md
END
