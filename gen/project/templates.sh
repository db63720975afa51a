#!/bin/sh
# The table of gen/project/template.h, as C on stdout, from the list `files` beside this one.
set -eu
here=$(dirname "$0")
root=$here/../..
list() {
	sed '/^#/d; /^$/d' "$here/files"
}
echo '#include "gen/project/template.h"'
i=0
list | while read -r _ _ source; do
	printf 'static const char text_%d[] = {' $i
	od -An -v -tx1 "$root/$source" | sed 's/ \([0-9a-f][0-9a-f]\)/(char)0x\1,/g'
	echo '};'
	i=$((i + 1))
done
list | awk '
	$1 != lang { if (lang) print "};"; lang = $1; langs[++n] = lang; printf "static const struct template_file files_%d[] = {\n", n }
	{ printf "{ \"%s\", text_%d, sizeof text_%d },\n", $2, NR - 1, NR - 1 }
	END {
		print "};\nconst struct template_set templates[] = {"
		for (i = 1; i <= n; i++)
			printf "{ \"%s\", files_%d, sizeof files_%d / sizeof *files_%d },\n", langs[i], i, i, i
		print "};\nconst size_t n_templates = sizeof templates / sizeof *templates;"
	}'
