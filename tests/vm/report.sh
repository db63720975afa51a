#!/bin/sh
# What a report says about refusals, comparisons and budgets: real schedulers on a real kernel.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

verify() {
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" "$@"
}

# exits CODE, and has each of the lines.
says() { # CODE OPTIONS… : LINE…
	code=$1
	options=
	shift
	while [ "$1" != : ]; do
		options="$options $1"
		shift
	done
	shift
	# shellcheck disable=SC2086 # words
	exits "$code" verify $options || return
	for line in "$@"; do
		has "$line" out || return
	done
}

unchecked_pointer() {
	says 3 -- --fail-verify : 'why: ktstr_dispatch uses a pointer that may be NULL' '; *value = 1; @ scx_ktstr.bpf.c' \
		"R0 invalid mem access 'map_value_or_null'" 'ktstr_dispatch                           processed=' &&
		grep -q "again: cargo ktstr verifier --scheduler-bin .*scx_ktstr --kernel .* -- --fail-verify" out ||
		return
	# The command it names does just that again.
	sed -n 's/^  again: cargo //p' out >again.sh
	exits 3 sh again.sh && has 'cached  verify' err
}

endless_loop() {
	says 3 -- --verify-loop : 'why: ktstr_dispatch has a loop whose end' 'infinite loop detected' \
		'identical iterations omitted' '--- end repeat ---'
}

over_the_limit() {
	says 3 -- --verify-limit : 'rejected: BPF program is too large. Processed 1000001 insn' \
		'why: ktstr_dispatch is too much work for the verifier: it gave up after 1000001 instructions' \
		'processed=1000001  states=' 'time=' &&
		says 3 --json -- --verify-limit : '"class": "insn-limit"' '"subject": "1000001"' '"processed": 1000001'
}

forms() {
	says 3 --csv -- --fail-verify : 'scheduler,kernel,release,profile' ',rejected,ktstr_dispatch,' &&
		same 2 "$(wc -l <out)" lines &&
		says 3 --markdown -- --fail-verify : '| program |' '| ktstr_dispatch | refused |' '<details><summary>' &&
		says 0 --csv : ',attached,ktstr_enqueue,' && same 7 "$(wc -l <out)" lines
}

against_itself() {
	verify --json >before.json || return
	says 0 --diff before.json --fail-growth 0 : 'delta A/B diff: before.json vs scx_ktstr' '+0' &&
		hasnt new out && hasnt gone out || return
	{ cat "$sched" && echo; } >same_code && chmod +x same_code &&
		says 0 --diff-bin ./same_code --fail-growth 0 : 'delta A/B diff: ./same_code vs scx_ktstr' '+0'
}

# The earlier report had one instruction less everywhere, and another program.
growth() {
	verify --json | sed 's/"name": "ktstr_exit"/"name": "old_exit"/' |
		awk '/"verified_insns"/ { sub(/[0-9]+/, $2 - 1) } { print }' >less.json
	exits 27 verify --diff less.json --fail-growth 0 && has '+1 ' out && has new out && has gone out &&
		has 'ktstr_init on' err && exits 0 verify --diff less.json --fail-growth 100
}

budget() {
	exits 27 verify --fail-over 10 && has 'ktstr_enqueue on' err && has '--fail-over is 10' err &&
		has 'verified_insns=' out && exits 0 verify --fail-over 100000
}

expected() {
	cat >known <<-END
		# what is known
		scx_ktstr  *  *  2999-12-31  null
		scx_ktstr  *  *  2001-01-01  loop
	END
	says 0 --expect known -- --fail-verify : 'rejected: ' 'expected: line 2' &&
		says 3 --expect known -- --verify-loop : 'expected until 2001-01-01 only: line 3' &&
		says 28 --expect known : 'passed, although line 2' && has 'remove it' err
}

bad_files() {
	echo '{}' >empty.json
	echo 'scx_ktstr * seven -' >bad
	exits 2 verify --diff empty.json && has 'is not a report' err && exits 10 verify --diff none.json &&
		exits 2 verify --expect bad && has 'line 1' err && exits 10 verify --expect none &&
		exits 2 verify --fail-growth 3 && has '--diff' err && exits 10 verify --diff-bin none
}

run_tests unchecked_pointer endless_loop over_the_limit forms against_itself growth budget expected bad_files
