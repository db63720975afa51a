#!/bin/sh
# The table of scenario/catalogue.h, as C on stdout: the files of catalogue/ in the order of catalogue/order.
set -eu
dir=$(dirname "$0")/catalogue
echo '#include "scenario/catalogue.h"'
while read -r name; do
	printf 'static const char text_%s[] = {' "$name"
	od -An -v -tx1 "$dir/$name.ktstr" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	echo '};'
done <"$dir/order"
echo 'const struct catalogue_entry catalogue[] = {'
while read -r name; do
	printf '{ "%s", text_%s, sizeof text_%s },\n' "$name" "$name" "$name"
done <"$dir/order"
echo '};'
echo 'const size_t n_catalogue = sizeof catalogue / sizeof *catalogue;'
