#!/bin/sh
# completions: real shells complete what is typed, as far as they are there.
. "$(dirname "$0")/../lib.sh"

key=6.14.2-tarball-$(uname -m)-kc12345678-f1

# A place with one kernel, one file, and a program that shows its arguments.
place() {
	dir=$XDG_CACHE_HOME/ktstr/kernels/$key
	mkdir -p "$dir" 'a folder' && echo >"$dir/bzImage" && echo >afile || return
	printf '{ "version": "6.14.2", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "config_hash": null,
		"built_at": "2026-01-01T00:00:00Z", "ktstr_kconfig_hash": null, "vmlinux_name": null }\n' >"$dir/metadata.json"
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\nprintf "<%%s>" "$@"; echo "<end>"\n' >show && chmod +x show
}

# Lines as they are typed, and what Tab makes of them.
cases() {
	cat <<-END
		ktstr verif | ktstr verifier
		ktstr kernel cle | ktstr kernel clean
		ktstr help verif | ktstr help verifier
		ktstr shell --topol | ktstr shell --topology
		ktstr shell --accel kv | ktstr shell --accel kvm
		ktstr shell --topology tiny-1 | ktstr shell --topology tiny-1llc
		ktstr shell --kernel 6.14.2- | ktstr shell --kernel $key
		ktstr shell --kernel=6.14.2- | ktstr shell --kernel=$key
		ktstr shell -i afi | ktstr shell -i afile
		ktstr shell --include-files=afi | ktstr shell --include-files=afile
		ktstr run cgroup_ste | ktstr run cgroup_steady
		ktstr run afi | ktstr run afile
		ktstr matrix cgroup_ste | ktstr matrix cgroup_steady
		ktstr explore cgroup_ste | ktstr explore cgroup_steady
		ktstr bisect cgroup_ste | ktstr bisect cgroup_steady
		ktstr matrix afi | ktstr matrix afile
		ktstr matrix --preset tiny-1 | ktstr matrix --preset tiny-1llc
		ktstr new x --lang fi | ktstr new x --lang file
		ktstr -q completions pow | ktstr -q completions powershell
		cargo kts | cargo ktstr
		cargo ktstr verif | cargo ktstr verifier
		cargo ktstr test --ker | cargo ktstr test --kernel
		cargo ktstr coverage --kernel $key --no-b | cargo ktstr coverage --kernel $key --no-build
		cargo ktstr test -- afi | cargo ktstr test -- afile
		cargo-ktstr kernel li | cargo-ktstr kernel list
	END
}

scripts() { # SHELL
	exits 0 cargo-ktstr ktstr completions "$1" && cp out setup && exits 0 ktstr completions "$1" && cat out >>setup
}

have() {
	command -v "$1" >/dev/null || { echo "no $1 here: not tried"; return 1; }
}

typed_in_bash() {
	have bash || return 0
	place && cases >cases.txt || return
	# What was there for cargo before goes on to work.
	echo 'cargo bui | cargo build' >>cases.txt
	# shellcheck disable=SC2016
	scripts bash && { echo '_cargo() { [[ ${COMP_WORDS[1]} == bui ]] && COMPREPLY=(build); }; complete -F _cargo cargo'
		cat setup; } >all && python3 "$root/tests/typing.py" bash all cases.txt
}

typed_in_zsh() {
	have zsh || return 0
	place && cases >cases.txt && scripts zsh || return
	{ echo 'bindkey -e; autoload -Uz compinit && compinit -D -u'; cat setup; } >all
	python3 "$root/tests/typing.py" zsh all cases.txt || return
	# As a file of a folder, which is how most have it; cargo has a completion of its own there.
	mkdir functions && cargo-ktstr completions zsh >functions/_cargo-ktstr && ktstr completions zsh >functions/_ktstr || return
	# As the one that comes with Rust: what it does not know itself is left to _cargo-WORD, from WORD on.
	# shellcheck disable=SC2016
	printf '%s\n' '#compdef cargo' 'if ((CURRENT == 2)); then compadd build ktstr; return; fi' \
		'shift words; ((CURRENT--)); _call_function ret _cargo-${words[1]}' >functions/_cargo
	echo 'cargo bui | cargo build' >>cases.txt
	# shellcheck disable=SC2016
	echo 'bindkey -e; fpath=($PWD/functions $fpath); autoload -Uz compinit && compinit -D -u' >all
	python3 "$root/tests/typing.py" zsh all cases.txt
}

typed_in_fish() {
	have fish || return 0
	place && cases >cases.txt && scripts fish && cp setup all || return
	while IFS='|' read -r line wanted; do
		# shellcheck disable=SC2016
		fish --no-config -c 'source all; complete -C $argv[1]' "${line% }" >found || return
		same "${wanted##* }" "$(cut -f 1 found)" "${line% }" || return
	done <cases.txt
}

typed_in_elvish() {
	have elvish || return 0
	place && scripts elvish && cp setup all || return
	# It quotes words with "=", which the program that shows them does not see.
	cases | grep -v = >cases.txt
	python3 "$root/tests/typing.py" elvish all cases.txt
}

# No PowerShell in Debian: that braces and quotes are even is all that can be said without it.
powershell_script() {
	scripts powershell || return
	for pair in '{}' '()' '[]'; do
		same "$(tr -cd "${pair%?}" <setup | wc -c)" "$(tr -cd "${pair#?}" <setup | wc -c)" "$pair" || return
	done
	has "-CommandName 'cargo'" setup && has "-CommandName 'ktstr'" setup
}

names() {
	exits 0 ktstr completions bash --binary kt.2 && has 'complete -F _kt_2_complete kt.2' out || return
	exits 0 ktstr completions zsh --binary cargo && has '#compdef cargo-ktstr cargo' out || return
	# shellcheck disable=SC2016
	for bad in 'a b' /bin/ktstr '' '$(x)' -x; do
		exits 2 ktstr completions bash --binary="$bad" && [ ! -s out ] || return
	done
	exits 2 ktstr completions && exits 2 ktstr completions noshell && has 'bash elvish fish powershell zsh' err || return
	for shell in bash zsh fish elvish powershell; do
		exits 0 ktstr completions $shell && [ -s out ] && hasnt '@NAME@' out && hasnt '@ID@' out && hasnt '@CARGO@' out ||
			return
	done
}

# A wrapper or an alias of cargo: "mycargo ktstr ..." is completed by cargo-ktstr, which need not know of it.
wrappers() {
	place || return
	exits 0 cargo-ktstr ktstr completions bash --binary my.cargo && has 'complete -F _cargo_ktstr_my_cargo my.cargo' out &&
		hasnt 'my.cargo complete' out || return
	cat >try.bash <<-'END'
	. ./out
	COMP_WORDS=(my.cargo ktstr shell --kernel 6.14) COMP_CWORD=4 COMP_LINE='my.cargo ktstr shell --kernel 6.14' COMP_POINT=34
	_cargo_ktstr_my_cargo 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}"
	COMP_WORDS=(my.cargo k) COMP_CWORD=1 COMP_LINE='my.cargo k' COMP_POINT=10
	_cargo_ktstr_my_cargo 2>/dev/null
	printf '%s\n' "${COMPREPLY[@]}"
	END
	bash try.bash >replies && has "$key" replies && has ktstr replies || return
	exits 0 cargo-ktstr ktstr completions zsh --binary my.cargo && has '#compdef cargo-ktstr my.cargo' out &&
		exits 0 cargo-ktstr ktstr completions fish --binary my.cargo && has 'complete -c my.cargo -n' out &&
		exits 0 cargo-ktstr ktstr completions elvish --binary my.cargo && has 'arg-completer[my.cargo]' out &&
		exits 0 cargo-ktstr ktstr completions powershell --binary my.cargo && has "-CommandName 'my.cargo'" out || return
	# Our own names are what they are.
	exits 0 cargo-ktstr ktstr completions bash --binary ktstr && has 'complete -F _ktstr_complete ktstr' out
}

# Whatever stands on the line, there is an answer, and quickly enough for a key.
answers() {
	place || return
	exits 0 ktstr complete && exits 0 ktstr complete -- && exits 0 ktstr complete -- nonsense x && [ ! -s out ] || return
	exits 0 ktstr complete -- shell --kernel '' && has "$key" out && has '6.14.2' out && has running out && has '=files' out || return
	exits 0 ktstr complete -- shell --kernel ./ && same '=files' "$(cat out)" || return
	exits 0 ktstr complete -- build-kernel --kernel '' && same '=folders' "$(cat out)" || return
	exits 0 ktstr complete -- test --workspace -- && hasnt --kernel out || return
	exits 0 ktstr complete -- shell --exec '' && [ ! -s out ] && exits 0 ktstr complete -- '' && hasnt build-kernel out
}

# Flags that may join a profile: those of a file, or the last answer of the scheduler on the line.
profiles() {
	echo '[{"name":"llc","args":[],"requires":[]},{"name":"steal","args":[],"requires":["llc"]}]' >flags.json
	offers() {
		wanted=$1
		shift
		exits 0 ktstr complete -- verifier "$@" && same "$wanted" "$(cut -f 1 out | tr '\n' ' ')" "$*"
	}
	offers 'default ' --profiles '' && offers 'default llc ' --flags-file flags.json --profiles '' || return
	offers 'default,llc+steal ' --flags-file=flags.json --profiles default,llc+ || return
	offers '--profiles=llc,llc ' --flags-file flags.json --profiles=llc,l || return
	graph=cache/ktstr/store/graphs/flags-scx_x-0123456789/flags
	mkdir -p $graph && cp flags.json $graph && offers 'default llc ' --scheduler-bin ./some/scx_x --profiles '' || return
	echo '[{' >$graph/flags.json && offers 'default ' --scheduler-bin scx_x --profiles ''
}

run_tests wrappers typed_in_bash typed_in_zsh typed_in_fish typed_in_elvish powershell_script names answers profiles
