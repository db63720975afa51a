#!/bin/sh
# Profiles and topologies as they are asked for. The kernel is none, so every run ends before its first guest.
. "$(dirname "$0")/../lib.sh"

kernel() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	mkdir -p "$KTSTR_CACHE_DIR/fake"
	echo 'no kernel' >"$KTSTR_CACHE_DIR/fake/bzImage"
	echo '{ "version": "6.1", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z" }' \
		>"$KTSTR_CACHE_DIR/fake/metadata.json"
}

# flags NAME…: each alone in what it needs.
flags() {
	comma='['
	for name; do
		printf '%s{"name":"%s","args":["--%s"],"requires":[]}' "$comma" "$name" "$name"
		comma=,
	done
	echo ']'
}

sweep() { # EXIT-CODE OPTION…
	code=$1
	shift
	exits "$code" ktstr verifier --scheduler-bin /bin/true --kernel fake "$@"
}

cells() { # NAMES: what would have run, in order
	same "$1" "$(sed -n 's/^ not run  verify true on fake *//p' err | tr '\n' ' ')" cells
}

named() {
	kernel
	flags a b c >f.json
	sweep 13 --flags-file f.json --profiles c+a,default,a --profiles a+c,b &&
		cells 'with default with a with b with a+c ' && has 'verifying 4 profiles' err
}

all() {
	kernel
	flags a b >f.json
	sweep 13 --flags-file f.json --all-profiles && cells 'with default with a with b with a+b ' &&
		hasnt warning err || return
	# shellcheck disable=SC2046 # six words
	flags $(seq 6) >f.json
	sweep 13 --flags-file f.json --all-profiles &&
		has 'warning: 64 profiles to verify (>32), 64 runs in all. Use --profiles to select a subset.' err &&
		sweep 2 --flags-file f.json --all-profiles --max-profiles 63 && has 'more than 63 profiles' err
}

many_flags() {
	kernel
	# shellcheck disable=SC2046 # a word each
	flags $(seq 40) >f.json
	sweep 2 --flags-file f.json --all-profiles &&
		has 'scheduler has 40 flags, power set too large (2^40). Use --profiles' err &&
		sweep 13 --flags-file f.json --profiles 40+3,default && cells 'with default with 3+40 '
}

topologies() {
	kernel
	flags a >f.json
	sweep 13 --topology tiny-2llc --topology 1,2,2,1 && same 1 "$(grep -c 'not run  verify' err)" cells ||
		return
	sweep 13 --topology tiny-2llc --topology 1,1,1,1 --profiles a,default --flags-file f.json &&
		cells '1n2l2c1t with default 1n2l2c1t with a 1n1l1c1t with default 1n1l1c1t with a ' &&
		sweep 2 --topology 1,2 && sweep 2 --topology 1,1,1,1 --topology huge && has huge err &&
		sweep 2 --topology 2,2,1,1/mem=256,256 --memory-mb 1024 && has --topology err
}

# A profile's name may be longer than a folder's and an edge's.
long_names() {
	kernel
	long=$(printf '%060d' 0)
	flags "a$long" "b$long" "c$long" "d$long" "e$long" >f.json
	sweep 13 --flags-file f.json --all-profiles && same 32 "$(grep -c 'not run  verify' err)" cells &&
		same 32 "$(grep 'not run  verify' err | sort -u | wc -l)" 'names of cells'
}

bad_requests() {
	kernel
	flags a b >f.json
	echo '[{"name":"a"}]' >bad.json
	sweep 2 --flags-file f.json --profiles a,speed && has 'no flag "speed"' err && has 'a, b' err &&
		sweep 2 --flags-file f.json && has --all-profiles err && sweep 2 --max-profiles 5 &&
		sweep 2 --all-profiles --profiles a && sweep 2 --flags-file f.json --profiles , &&
		sweep 10 --flags-file none.json --all-profiles && has none.json err &&
		sweep 10 --flags-file bad.json --all-profiles && has 'bad.json: flag 1: "a": "args" is not' err &&
		sweep 10 --flags-file / --all-profiles
}

# Said before anything is looked for: neither scheduler nor kernel is there.
arguments_first() {
	flags a >f.json
	exits 2 ktstr verifier --scheduler-bin nothing --kernel none --topology 0,0,0,0 &&
		exits 2 ktstr verifier --scheduler-bin nothing --kernel none --flags-file f.json --profiles b &&
		has 'no flag "b"' err
}

too_long() {
	kernel
	word=$(printf '%04000d' 0)
	python3 - "$word" >f.json <<-'END'
		import json, sys
		print(json.dumps([{"name": "n%d" % i, "args": [sys.argv[1]] * 8, "requires": []} for i in range(5)]))
	END
	sweep 2 --flags-file f.json --all-profiles && has 'profile n0+n1+n2+n3' err && has 'too many' err
}

run_tests named all many_flags topologies long_names bad_requests arguments_first too_long
