#!/bin/sh
# ktstr-files.sh DOCUMENT: writes the scenarios that a document shows into the current folder: blocks that begin with "# NAME.ktstr".
awk '
	/^```/ { on = !on; file = ""; first = on; next }
	on && first && /^# [A-Za-z0-9_-]+\.ktstr$/ { file = $2; printf "" >file }
	{ first = 0 }
	on && file { print >file }' "$1"
