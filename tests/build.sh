# shellcheck shell=sh disable=SC2034,SC2154 # of lib.sh, and for tests
# build.sh: what tests of `kernel build` have in common, for sourcing behind lib.sh. The trees are made by tests/fake-linux.sh; each make
# adds its goals to $made.
. "$root/tests/site.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
unset GIT_DIR http_proxy https_proxy all_proxy ARCH CROSS_COMPILE LLVM XDG_CONFIG_HOME KTSTR_KERNEL_KEYRING
KTSTR_CCACHE=0
HOME=$base
export HOME KTSTR_CCACHE

case $(uname -m) in aarch64) arch=aarch64 ;; *) arch=x86_64 ;; esac
kc=kc$(python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(open(sys.argv[1], "rb").read()))' "$root/ktstr.kconfig")
tail=$arch-$kc-f1

# shellcheck disable=SC2016 # for make
tree() { # DIR [VERSION]
	sh "$root/tests/fake-linux.sh" "$@" && echo '$(shell [ -z "$$made" ] || echo $(MAKECMDGOALS) >>$$made)' \
		'$(shell [ -z "$$spoil" ] || echo "# more" >>$$spoil)' >"$1/local.mk"
}

commit() { # DIR MESSAGE
	git -C "$1" add -A && git -C "$1" commit -qm "$2"
}

git_tree() { # DIR [VERSION]
	tree "$@" && git -C "$1" init -q -b master && commit "$1" one
}

# The mirror all tests share: releases, a release candidate, the list.
MAKE_TREE=tree
kernel_site "$base/site" 6.12.5 6.12.9 6.13.7 6.14 6.14.2 >"$base/site.log" 2>&1 || {
	cat "$base/site.log"
	exit 1
}

# build CODE OPTION…: $work/made says what make was asked for; output in out and err
build() {
	code=$1
	shift
	made=$work/made
	export made
	: >"$made"
	exits "$code" timeout 120 ktstr kernel build "$@"
}

makes() { # NUMBER
	same "$1" "$(grep -c '^bzImage$\|^Image$' made)" 'kernels made'
}

keys() { # KEY…
	same "$(printf '%s\n' "$@")" "$(cat out)" 'stdout'
}

meta() { # KEY TEXT
	has "$2" "$XDG_CACHE_HOME/ktstr/kernels/$1/metadata.json"
}

# The last request found KEY and nothing was made, fetched or asked but what a graph says.
found() { # KEY STEPS-THAT-RAN
	keys "$1" && makes 0 && has "cached kernel found: $XDG_CACHE_HOME/ktstr/kernels/$1" err &&
		has 'use --force to rebuild' err && same "$2" "$(grep -cE '^ *[0-9.]+s |^  cached  ' err)" 'steps'
}
