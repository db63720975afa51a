#!/bin/sh
# ci-page.sh DOCUMENT: writes ci.sh and kernels, as the document shows them, into the current folder.
awk '
	/^```/ { on = !on; language = substr($0, 4); file = ""; first = on; next }
	first { first = 0; file = language == "sh" && /^#!/ ? "ci.sh" : language == "" && /^[0-9.]+$/ ? "kernels" : "" }
	on && file { print >file }' "$1"
