#!/bin/sh
# Words from outside that mean something to a shell, to make or to ninja: in every option, environment variable, name of a file or
# folder that can get into a graph. Nothing of them is run and nothing written where it was not asked for; what comes is a
# right result or an error of ours. The programs "pwned" and the file "written" are what would come of it otherwise.
. "$(dirname "$0")/../lib.sh"

bin=$base/bin
mkdir "$bin"
# shellcheck disable=SC2016 # the program's own words
printf '#!/bin/sh\necho "$PPID $*" >>"%s/ran"\n' "$base" >"$bin/pwned"
printf '#!/bin/sh\nexit 101\n' >"$bin/cargo"
printf '#!/bin/sh\nexit 1\n' >"$bin/make"
chmod +x "$bin/pwned" "$bin/cargo" "$bin/make"
PATH=$bin:$PATH
tab=$(printf '\t')
tries=0

# One word a line, as printf's %b has it. Those in front of the blank line are tried everywhere, the rest where steps are named by
# them, and everywhere by tests/long/hostile-words.sh (HOSTILE_WORDS=all).
cat >"$base/words" <<'END'
a $(pwned)`pwned`;pwned&pwned>written
';pwned;'
\\'\t; pwned; #
a\n  command = pwned\nb
-dash
\0377$\0302\0233m

$(pwned)
`pwned`
";pwned;"
a;pwned;
a&pwned
a|pwned
a&&pwned||pwned
a>written<written
a 2>written
two words
*
?[a-z]
~
~root
#no
a #no
$x
${step}
$$ $: $
a:b
a=b
--help
\\
end\\
{a,b}
!!
%%s%%n
|
@pwned
a\tb
\t';pwned;'
\n';pwned;'
a$\n b
\r\n
\0033[31m
\0001
\0177
\0377\0376
\0302\0233m
END

each() { # COMMAND: runs it with $word for each of the words on stdin
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		word=$(printf '%b.' "$line")
		word=${word%.}
		"$@" || return
	done
}

words() { # COMMAND
	if [ "${HOSTILE_WORDS-}" = all ]; then
		every "$@"
		return
	fi
	sed '/^$/,$d' "$base/words" >"$base/few"
	each "$@" <"$base/few"
}

every() { # COMMAND
	each "$@" <"$base/words"
}

# What is found wanting in any case. MAY is a pattern of exit codes.
try() { # COMMAND…
	tries=$((tries + 1))
	timeout 60 "$@" >"$work/out" 2>"$work/err" </dev/null
	code=$?
	if [ -e "$base/ran" ] || [ $code -ge 124 ] || grep -qE '(^|/)sh: |Syntax error|ninja: (error|fatal)|bad \$-escape|Assertion' "$work/err"; then
		cat "$work/err" "$base/ran" 2>/dev/null
		fail "exit code $code: $(printf '%s|' "$@" | od -c | head -n 20)"
		return 1
	fi
	[ $code = 0 ] || grep -q '^error: ' "$work/err" || fail "exit code $code without an error: $*"
}

nothing_came_of_it() {
	[ -z "$(find "$work" "$HOME" -name written -print 2>/dev/null | head -n 1)" ] || fail "a file was written"
	[ ! -e "$base/ran" ] || fail 'a program was run'
	echo $tries >>"$base/tried"
}

setting() {
	KTSTR_CACHE_DIR=$work/kernels KTSTR_KERNEL_MIRROR=file:///nowhere KTSTR_RC_MIRROR=file:///nowhere
	KTSTR_RELEASES_URL=file:///nowhere
	HOME=$work/home
	export KTSTR_CACHE_DIR KTSTR_KERNEL_MIRROR KTSTR_RC_MIRROR KTSTR_RELEASES_URL HOME
	mkdir -p "$KTSTR_CACHE_DIR/one" home here
	echo 'no kernel' >"$KTSTR_CACHE_DIR/one/bzImage"
	printf '{ "version": "6.1", "source": "tarball", "arch": "%s", "image_name": "bzImage", "built_at": "%s" }\n' "$(uname -m)" \
		2026-01-01T00:00:00Z >"$KTSTR_CACHE_DIR/one/metadata.json"
	cp /bin/true scx
	sh "$root/tests/fake-linux.sh" linux 6.99.1
	cd here || exit 1
}

# named FROM: a copy of it by the hostile name, in a folder of its own; $named is its path. False: there is no such name.
named() {
	rm -rf "$work/named"
	mkdir "$work/named"
	case $word in */* | '' | . | ..) return 1 ;; esac
	named=$work/named/$word
	cp -r "$1" "$named"
}

verifier_options() {
	for option in --kernel --topology --profiles --accel --memory-mb --timeout --workload --flags-file --max-profiles --diff --diff-bin \
		--expect --fail-over -j; do
		try ktstr verifier --scheduler-bin ../scx --kernel one "$option=$word" || return
	done
	try ktstr verifier --scheduler-bin ../scx --kernel one -- "$word" "$word"
}

named_steps() {
	for option in --scheduler --scheduler-bin; do
		try ktstr verifier --kernel one "$option=$word" || return
	done
	for option in --bin --profile; do
		try ktstr verifier --kernel one --scheduler x "$option=$word" || return
	done
	! named "$work/scx" || try ktstr verifier --scheduler-bin "$named" --kernel one
}

of_the_verifier() {
	setting
	words verifier_options && every named_steps && nothing_came_of_it
}

flags() {
	python3 - "$word" >flags <<-'END'
		import json, os, sys
		word = os.fsencode(sys.argv[1]).decode("utf-8", "replace")
		print(json.dumps([{"name": "plain", "args": ["--x=" + word], "requires": []}, {"name": word, "args": [word], "requires": []}]))
	END
	try ktstr verifier --scheduler-bin ../scx --kernel one --flags-file flags --all-profiles && try ktstr verifier --scheduler-bin ../scx \
		--kernel one --flags-file flags --profiles plain
}

of_flags() {
	setting
	words flags && nothing_came_of_it
}

kernel_options() {
	try ktstr kernel build "$word" && try ktstr kernel build --git "$word" --ref main && try ktstr kernel build --git "$work/none" --ref "$word" &&
		try ktstr kernel build --git "https://127.0.0.1:9/$word" --ref "$word" && try ktstr kernel build --source "$word" &&
		try ktstr kernel build --source ../linux --kconfig "$word" && try ktstr kernel import "$word" && try ktstr kernel build 6.1.1 -j "$word"
}

of_kernels() {
	setting
	words kernel_options && nothing_came_of_it
}

shell_options() {
	try ktstr shell --kernel one --exec "$word" && try ktstr shell --kernel one --exec true -i "$word" &&
		try ktstr shell --kernel one --exec true --topology "$word" &&
		try ktstr shell --kernel one --exec true --scheduler-bin ../scx -- "$word" && try ktstr shell --kernel "$word" --exec true
}

of_shells() {
	setting
	words shell_options && nothing_came_of_it
}

files() {
	named "$work/scx" || return 0
	try ktstr verifier --scheduler-bin "$named" --kernel one && try ktstr verifier --scheduler-bin ../scx --diff-bin "$named" --kernel one &&
		try ktstr shell --kernel one --exec true -i "$named" && try ktstr shell --kernel one --exec true --scheduler-bin "$named" &&
		try ktstr verifier --scheduler-bin ../scx --kernel "$named" && try ktstr kernel import "$named" &&
		try env CARGO="$named" ktstr verifier --kernel one --scheduler x &&
		try env "KTSTR_BUSYBOX_$(uname -m | tr '[:lower:]' '[:upper:]')=$named" ktstr shell --kernel one --exec true || return
	echo CONFIG_MINE=y >"$named"
	try ktstr kernel build --source ../linux --kconfig "$named"
}

names_of_files() {
	setting
	words files && nothing_came_of_it
}

folders() {
	named "$work/kernels/one" || return 0
	try ktstr verifier --scheduler-bin ../scx --kernel "$named" && try ktstr shell --kernel one --exec true -i "$named" &&
		try ktstr verifier --scheduler-bin ../scx --kernel one --sidecar-dir "$named" || return
	named "$work/linux"
	try ktstr kernel build --source "$named" && try ktstr verifier --scheduler-bin ../scx --build --kernel "$named" || return
	(cd "$named" && try ktstr verifier --kernel one --scheduler x && echo $tries >"$base/tries") || return
	tries=$(cat "$base/tries")
	mkdir "$named/of" && cp "$work/scx" "$named/of/scx" || return
	try ktstr verifier --kernel one --scheduler-bin "$named/of/scx" && try env KTSTR_STORE="$named/store" ktstr verifier --kernel one --scheduler-bin ../scx &&
		try env XDG_CACHE_HOME="$named" ktstr verifier --scheduler-bin ../scx --kernel 6.1 --no-build &&
		try env KTSTR_CACHE_DIR="$named/kernels" ktstr verifier --scheduler-bin ../scx &&
		try env TMPDIR="$named" ktstr verifier --kernel one --scheduler-bin ../scx &&
		try env HOME="$named" ktstr verifier --kernel one --scheduler-bin ../scx
}

names_of_folders() {
	setting
	words folders && nothing_came_of_it
}

variables() {
	for name in KTSTR_KERNEL ARCH LLVM CROSS_COMPILE KTSTR_RELEASES_URL KTSTR_KERNEL_MIRROR CARGO CARGO_TERM_COLOR KTSTR_GUEST_MB RUST_LOG; do
		try env "$name=$word" ktstr verifier --scheduler-bin ../scx && try env "$name=$word" ktstr kernel build --source ../linux ||
			return
	done
	for name in KTSTR_RELEASES_URL KTSTR_KERNEL_MIRROR; do
		try env "$name=$word" ktstr kernel build 6 || return
	done
}

of_the_environment() {
	setting
	words variables && nothing_came_of_it
}

# What a project is called stands in a Makefile and in the command that is printed; the folder it is in only there.
projects() {
	try ktstr replay -- "$word" && try ktstr replay a/b/c --pack "$word" && try ktstr replay -- "$word/a/b" || return
	try ktstr explore -- "$word" && try ktstr explore cgroup_steady --seeds "$word" --kernel one && try ktstr explore cgroup_steady --kernel "$word" --seeds 1 &&
		try ktstr explore cgroup_steady --scheduler-bin "$word" && try ktstr explore cgroup_steady --topology "$word" && try ktstr explore cgroup_steady --preset "$word" || return
	try ktstr bisect --good one --bad one -- "$word" && try ktstr bisect cgroup_steady --good "$word" --bad one && try ktstr bisect --good one --bad "$word" --scheduler-bin ../scx &&
		try ktstr bisect cgroup_steady --tree "$word" --good a --bad b && try ktstr bisect cgroup_steady --tree .. --good "$word" --bad HEAD || return
	try ktstr new -- "$word" && try ktstr new --lang="$word" x || return
	named "$work/home" || return 0
	rm -rf "$named/project" && try ktstr new --lang file -- "$named/project" && [ $code = 0 ] || return
	sed -n '$s/ && ktstr run.*//p' "$work/out" >going
	# shellcheck disable=SC2016 # that shell's
	bash -c '. ./going && [ "$PWD" = "$1" ]' bash "$named/project" || fail "that goes elsewhere: $(cat going)"
}

names_of_projects() {
	setting
	words projects && nothing_came_of_it
}

# Where the programs themselves lie.
home() {
	mkdir -p "$work/prefix"
	rm -rf "$work/prefix/"*
	case $word in . | ..) return 0 ;; esac
	mkdir "$work/prefix/$word" && cp -r "$base/tree/." "$work/prefix/$word" || return
	try "$work/prefix/$word/out/ktstr" verifier --kernel one --scheduler-bin ../scx &&
		try "$work/prefix/$word/out/ktstr" kernel build --source ../linux
}

of_our_own_folder() {
	setting
	mkdir -p "$base/tree/out"
	cp -r "$root/rules" "$root/ktstr.kconfig" "$base/tree"
	ln "$O/ktstr" "$O/ktstr-step" "$O/ktstr-source" "$O/ktstr-init" "$O/ktstr-idle.so" "$base/tree/out" 2>/dev/null ||
		cp "$O/ktstr" "$O/ktstr-step" "$O/ktstr-source" "$O/ktstr-init" "$O/ktstr-idle.so" "$base/tree/out"
	words home && nothing_came_of_it
}

# What no command can say is told by name, and nothing is made.
told_by_name() {
	setting
	try ktstr verifier --kernel one --scheduler-bin ../scx && mkdir "a${tab}b" && cp ../scx "a${tab}b" || return
	exits 10 ktstr verifier --kernel one --scheduler-bin "a${tab}b/scx" && has 'rename it' ../err && has 'a\tb/scx' ../err || return
	(cd "a${tab}b" && exits 10 ktstr verifier --kernel one --scheduler x && has 'rename it' ../../err) &&
		exits 2 ktstr verifier --kernel one --scheduler x --bin "a${tab}b" && has "--bin=a\\tb" ../err &&
		exits 10 env KTSTR_STORE="$work/s${tab}t" ktstr verifier --kernel one --scheduler-bin ../scx && has 's\tt' ../err
}

# Kernels of the cache by any name: none of them is offered to a shell that is not a key.
completions() {
	case $word in */* | '' | . | .. | -*) return 0 ;; esac
	cp -r "$work/kernels/one" "$work/kernels/$word" 2>/dev/null || return 0
	try ktstr complete -- verifier --kernel '' && try ktstr kernel list && try ktstr verifier --scheduler-bin ../scx --kernel "$word" || return
	if ktstr complete -- verifier --kernel '' | cut -f 1 | grep -vE '^=files$' | grep -E '^[^A-Za-z0-9._/-]|[^A-Za-z0-9._+@:=,/-]'; then
		fail 'that is offered'
	fi
	rm -rf "$work/kernels/${word:?}"
}

names_of_entries() {
	setting
	words completions && nothing_came_of_it
}

run_tests of_the_verifier of_flags of_kernels of_shells names_of_files names_of_folders of_the_environment of_our_own_folder names_of_projects \
	told_by_name names_of_entries
awk -v words="$(grep -c . "$base/words")" -v few="$(sed '/^$/q' "$base/words" | grep -c .)" -v all="${HOSTILE_WORDS-}" \
	'{ n += $1 } END { printf "# %d commands with %d words, %d of them in every place\n", n, words, all == "all" ? words : few }' \
	"$base/tried"
