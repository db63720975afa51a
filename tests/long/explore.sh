#!/bin/sh
# A scheduler that loses a task, as docs/replay.md has it: a seed that fails, a smaller test that fails the same way, again from its file, equal to the byte, watched,
# packed, and repeated elsewhere. The same command on another store prints the same, to the byte.
#
# SEEDS, TRIES, MINUTES: how far it looks. BLESS=1 writes what was printed into docs/replay.md.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
export KTSTR_KERNEL="$key"

# What the page shows is without this machine's folders.
shown() {
	sed "s|$PWD/||g; s|$O/|out/|g" out
}

explored() {
	exits 1 ktstr explore lost.ktstr --topology tiny-2llc --seeds 1.."${SEEDS:-200}" --until-fail --tries "${TRIES:-8}" \
		--minutes "${MINUTES:-60}" --scheduler-bin sched/bugs/lost_task && has 'written: lost.small.ktstr' out && hasnt 'not all that can be' out
}

# on_page NAME: whether docs/replay.md has this file, behind a line "<!-- tests/long/explore.sh: NAME -->"
on_page() {
	mark="<!-- tests/long/explore.sh: $1 -->"
	if [ -n "${BLESS-}" ]; then
		awk -v mark="$mark" -v file="$1" '
			$0 == mark { print; print ""; print "```"; while ((getline line <file) > 0) print line; print "```"; on = 1; next }
			on && /^```$/ { if (++n == 2) { on = n = 0 } next }
			!on' "$root/docs/replay.md" >page && cp page "$root/docs/replay.md" || return
	fi
	awk -v mark="$mark" '$0 == mark { on = 1 } on && /^```$/ { if (n++) exit; next } on && n' "$root/docs/replay.md" >"$1.page"
	[ -s "$1.page" ] || fail "docs/replay.md has no $1" || return
	if ! diff "$1.page" "$1" >differs; then
		{ echo "# docs/replay.md shows $1 of another build:" && sed 's/^/# /' differs; } >&3
	fi
}

# as_another COMMAND…: as another user, who has nothing, in another folder, with another umask
as_another() {
	chmod 755 "$base" "$work" && mkdir -p other/home other/tmp && chown -R 4001:4001 other && cp lost.bundle other/ && chmod 644 other/lost.bundle || return
	if [ "$(id -u)" = 0 ]; then
		set -- setpriv --reuid 4001 --regid 4001 --clear-groups "$@"
	fi
	# shellcheck disable=SC2016 # words of that sh
	env -u KTSTR_KERNEL -u KTSTR_STORE -u XDG_CACHE_HOME HOME="$work/other/home" TMPDIR="$work/other/tmp" \
		sh -c 'umask 077 && cd "$0" && exec "$@"' "$work/other" "$@"
}

lost_task() {
	sh "$root/tests/ktstr-files.sh" "$root/docs/scenarios.md" && ln -s "$O/sched" sched || return
	explored && shown >explored && sed 's/^/# /' explored >&3 && cp lost.small.ktstr small && on_page explored || return
	exits 1 ktstr run lost.small.ktstr --audit 100 && has "equal to the byte" err || return
	exits 0 ktstr replay --failed && has "the same, to the byte" out || return
	cell=$(sed -n 's/ seed .*//p' out | head -n 1)
	exits 0 ktstr replay "$cell" --watch --runs 5 && has "the longest wait that was seen: w" out && has 'in DSQ 0x' out && has 'CPUs idle' out || return
	sed 's/^/# /' out >&3
	exits 0 ktstr replay "$cell" --pack lost.bundle || return
	(own_store "$work/third" "$key" && KTSTR_CACHE_DIR=$work/nothing exits 0 ktstr replay lost.bundle && has "the same, to the byte" out) || return
	exits 0 as_another ktstr replay lost.bundle && has "the same, to the byte" out || return
	(own_store "$work/second" "$key" && explored && shown >again && matches_file explored again && matches_file small lost.small.ktstr) || return
	exits 0 ktstr explore lost.small.ktstr --seeds 4 --scheduler-bin sched/bugs/lost_task -- --fixed
}

matches_file() {
	diff "$1" "$2" || fail "$2 is another than $1"
}

# A scheduler with a library of its own: the bundle has it, and the machine no more.
libraries() {
	mkdir lib && echo 'int own(void) { return 0; }' >own.c && gcc -shared -fPIC -o lib/libown.so own.c &&
		gcc -std=gnu17 -D_GNU_SOURCE -O2 -DSKELETON='"lost_task.skel.h"' -I"$O/sched/bugs" -I"$root/tests/sched" -I"$O/deps/libbpf/include" \
			-o dynamic "$root/tests/sched/bugs/bug.c" "$O/deps/libbpf/libbpf.a" -lelf -lz -Wl,--no-as-needed lib/libown.so -Wl,-rpath,"$PWD/lib" || return
	printf 'work - spin\nhold 100ms\n' >own.ktstr
	exits 0 ktstr run own.ktstr --scheduler-bin ./dynamic && exits 0 ktstr replay "own/$key/1n1l2c1t" --pack own.bundle || return
	rm -r lib
	exits 11 ktstr run own.ktstr --scheduler-bin ./dynamic && has libown.so err || return
	(own_store "$work/other" "$key" && KTSTR_CACHE_DIR=$work/nothing exits 0 ktstr replay own.bundle && has "the same, to the byte" out)
}

exec 3>&1
run_tests lost_task libraries
