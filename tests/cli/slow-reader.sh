#!/bin/sh
# Whatever is printed arrives whole when stdout and stderr are pipes that do not block and somebody reads slowly.
. "$(dirname "$0")/../lib.sh"
unset KTSTR_SIDECAR_DIR CARGO_TARGET_DIR
sidecars="python3 $root/tests/sidecars.py"

# arrives COMMAND…: the same bytes as on blocking pipes
arrives() {
	"$@" >want.out 2>want.err </dev/null
	want=$?
	python3 "$root/tests/slow-reader.py" got.out got.err "$@"
	same $want $? "exit code of $*" && cmp want.out got.out && cmp want.err got.err
}

reports() {
	$sidecars random 5 400 d || return
	for i in $(seq 30); do
		echo "{$(head -c 300 /dev/zero | tr '\0' x)" >"d/$i.ktstr.json" || return
	done
	arrives ktstr test-stats --dir d && arrives ktstr test-stats --dir d --json || return
	[ "$(wc -c <got.out)" -gt 200000 ] || fail "little was printed"
}

tables() {
	for i in $(seq 200); do
		mkdir -p "cache/kernel-$i-$(head -c 100 /dev/zero | tr '\0' k)" || return
	done
	export KTSTR_CACHE_DIR="$PWD/cache"
	arrives ktstr kernel list && arrives ktstr kernel list --json || return
	[ "$(wc -c <got.out)" -gt 20000 ] || fail "little was printed"
}

texts() {
	for verb in '' verifier shell test kernel; do
		# shellcheck disable=SC2086
		arrives ktstr $verb --help || return
	done
	for shell in bash zsh fish; do
		arrives ktstr completions $shell || return
	done
	arrives ktstr man && arrives ktstr man verifier && arrives ktstr-step --list && arrives ktstr-source --list
}

# Nobody reads, and nobody will: Ctrl-C still ends it, soon.
interrupted() {
	$sidecars random 5 400 d && timeout 20 python3 - <<-'END'
		import os, signal, subprocess, time
		r, w = os.pipe()
		os.set_blocking(w, False)
		p = subprocess.Popen(["ktstr", "test-stats", "--dir", "d", "--json"], stdout=w, stderr=subprocess.DEVNULL)
		time.sleep(1)
		assert p.poll() is None, "it did not wait"
		p.send_signal(signal.SIGINT)
		assert p.wait(10) == 130, p.returncode
	END
}

run_tests reports tables texts interrupted
