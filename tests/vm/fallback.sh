#!/bin/sh
# A snapshot that cannot be continued: the guest boots instead, that is said once, and the snapshot is made again.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr
said='could not be continued'
own_store "$base/store" "$key" || exit 1

# spoil GRAPH FILE COMMAND…: what the command prints becomes that file of the snapshot in the build folder.
spoil() {
	file=$(echo "$KTSTR_STORE/graphs/$1"-*/snapshots/*/"$2")
	shift 2
	[ -f "$file" ] || fail "no snapshot $file" || return
	cp "$file" whole || return
	"$@" <"$file" >spoilt
	rm -f "$file" && cp spoilt "$file"
}

verify() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force
}

result() {
	cat "$KTSTR_STORE"/graphs/verifier-*/cells/*/result.json
}

truncated_state() {
	verify && hasnt "$said" err && result | grep -q '"cold": false' && spoil verifier-scx_ktstr state head -c 30000 &&
		verify && same 1 "$(grep -c "$said" err)" warnings && has verified_insns= out &&
		result | grep -q '"cold": true' || return
	verify && hasnt "$said" err && grep -q 's boot' err && result | grep -q '"cold": false'
}

state_of_something_else() {
	spoil verifier-scx_ktstr state head -c 60000 /dev/urandom && verify && has "$said" err &&
		result | grep -q '"fallback": "continue the guest: '
}

# That is no damage which a boot would mend. Put back, it is as good as before.
description_gone() {
	verify && hasnt "$said" err && spoil verifier-scx_ktstr machine head -c 5 || return
	exits 1 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force && has 'snapshot' err || return
	rm -f "$file" && cp whole "$file" && verify && hasnt "$said" err && result | grep -q '"cold": false'
}

shell_too() {
	own_store "$work/store" "$key" && exits 0 ktstr -q shell --kernel "$key" --exec true && spoil shell state head -c 30000 &&
		exits 7 ktstr -q shell --kernel "$key" --exec 'echo here; exit 7' && has here out &&
		same 1 "$(grep -c "$said" err)" warnings && exits 7 ktstr -q shell --kernel "$key" --exec 'exit 7' &&
		same '' "$(cat err)" stderr
}

# in_store: how many snapshots it has
in_store() {
	cat "$KTSTR_STORE"/objects/*/*/recipe | grep -c '^step    snapshot '
}

# Two and their build folders do not fit; a guest at work keeps its own. The one that went is made again.
bounded() {
	own_store "$PWD/bounded" "$key" || return
	KTSTR_SNAPSHOT_MB=60
	export KTSTR_SNAPSHOT_MB
	exits 0 ktstr -q shell --kernel "$key" --exec true && exits 0 ktstr -q shell --kernel "$key" --topology 1,1,2,1 --exec true &&
		same 1 "$(in_store)" 'snapshots in the store' && same 1 "$(find bounded/graphs -name ram0 | wc -l)" 'in build folders' || return
	mkfifo end && exec 8<>end || return
	ktstr -q shell --kernel "$key" --topology 1,1,2,1 --exec 'echo up; cat' <&8 >up &
	shell=$!
	within 300 grep -q up up && exits 0 ktstr -q shell --kernel "$key" --exec true &&
		same 2 "$(in_store)" 'snapshots in use' || return
	kill $shell || return
	wait $shell
	exits 0 ktstr -q shell --kernel "$key" --topology 1,1,3,1 --exec true && same 1 "$(in_store)" 'snapshots afterwards' || return
	KTSTR_SNAPSHOT_MB=much exits 2 ktstr -q shell --kernel "$key" --topology 1,1,4,1 --exec true && has KTSTR_SNAPSHOT_MB err
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests truncated_state description_gone state_of_something_else shell_too bounded nothing_left
