#!/bin/sh
# diverge.sh: the first difference of two runs in virtual time.
#
#   tests/diverge.sh [OPTION…] [-- COMMAND]
#
# Runs COMMAND (guest-times 1000 marks) twice in a guest, with these options of `ktstr shell`, and lays both outputs side by side
# from a little before the first line that differs. Exit code 0: all is equal; 1: it is not; 2: a run failed.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
PATH=${O:-$root/out}:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

n=0
for word; do
	[ "$word" != -- ] || break
	n=$((n + 1))
done
command='guest-times 1000 marks'
if [ $n -lt $# ]; then
	i=0
	for word; do
		shift
		i=$((i + 1))
		if [ $i -le $n ]; then
			set -- "$@" "$word"
		elif [ $i -gt $((n + 1)) ]; then
			[ $i -eq $((n + 2)) ] && command=$word || command="$command $word"
		fi
	done
fi
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -o "$work/guest-times" "$root/tests/guest-times.c"
for run in one two; do
	ktstr -q shell --clock virtual -i "$work/guest-times" "$@" --exec "$command" >"$work/$run" </dev/null || {
		echo "diverge: run $run failed" >&2
		exit 2
	}
done
if cmp -s "$work/one" "$work/two"; then
	echo "equal: $(wc -l <"$work/one") lines, $(md5sum <"$work/one" | cut -c-32)"
	exit 0
fi
first=$(cmp "$work/one" "$work/two" | sed 's/.*line //')
echo "different from line ${first:-the last} on:"
from=$((${first:-1} > 3 ? first - 3 : 1))
for run in one two; do
	tail -n "+$from" "$work/$run" >"$work/$run.tail"
done
diff -y -W 160 "$work/one.tail" "$work/two.tail" | head -n 40
exit 1
