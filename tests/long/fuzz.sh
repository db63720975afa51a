#!/bin/sh
# Nonsense for everything that parses: each target of tests/fuzz for FUZZ_SECONDS.
#
# Inputs worth keeping stay in $O/fuzz/corpus, where the next run goes on; what breaks a target is in $O/fuzz/found.
. "$(dirname "$0")/../lib.sh"

fuzz() { # TARGET
	corpus=$O/fuzz/corpus/$1
	mkdir -p "$corpus" "$O/fuzz/found"
	KTSTR_FUZZ_SEEDS=$corpus "$O/fuzz/$1" -max_total_time="${FUZZ_SECONDS:-20}" -timeout=10 -max_len=8192 -verbosity=0 \
		-artifact_prefix="$O/fuzz/found/$1-" "$corpus" >"$base/$1.log" 2>&1
}

if [ $# -gt 0 ]; then
	for target; do
		if fuzz "$target"; then
			echo "ok - $target"
		else
			# One write, so that what runs beside it does not get in between.
			printf 'not ok - %s\n%s\n' "$target" "$(tail -n 50 "$base/$target.log" | sed 's/^/# /')"
		fi
	done
	exit
fi
set -- "$root"/tests/fuzz/fuzz_*.c
echo "1..$#"
for target; do
	basename "$target" .c
done | xargs -n 1 -P "$(nproc)" sh "$0"
