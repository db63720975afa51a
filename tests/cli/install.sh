#!/bin/sh
# make install into a folder: everything is there, works from there, reads well as a manual page, and goes again.
. "$(dirname "$0")/../lib.sh"

place=$base/root
# -o all: what is to be installed is what is being tested, however it was built.
makes() {
	make -s -C "$root" -o all O="$O" DESTDIR="$place" PREFIX=/usr "$@" >"$work/make.log" 2>&1 || { cat "$work/make.log"; return 1; }
}

installed() {
	makes install || return
	for f in bin/ktstr bin/cargo-ktstr lib/ktstr/ktstr-step lib/ktstr/ktstr-source lib/ktstr/ktstr-remote lib/ktstr/ktstr-init lib/ktstr/ktstr-engine lib/ktstr/ktstr-idle.so lib/ktstr/ktstr.kconfig \
		lib/ktstr/rules/kernel.ninja lib/ktstr/cargo/cargo-nextest lib/ktstr/completions/command.bash share/doc/ktstr/cli.md share/doc/ktstr/examples/c/tests.c share/doc/ktstr/examples/rust/tests/ktstr/mod.rs share/man/man1/ktstr.1 \
		include/ktstr.h include/ktstr.rs lib/libktstr.a lib/libktstr.so lib/libktstr.so.0 lib/pkgconfig/libktstr.pc share/man/man3/ktstr.3 share/man/man1/ktstr-kernel-build.1 share/man/man1/cargo-ktstr.1 share/bash-completion/completions/ktstr \
		share/zsh/site-functions/_cargo-ktstr share/fish/vendor_conf.d/cargo-ktstr.fish; do
		[ -s "$place/usr/$f" ] || fail "no $f" || return
	done
	[ -z "$(find "$place" -type f -empty)" ] && [ -z "$(find "$place" -type f ! -perm -a+r)" ]
}

# Nothing of the build tree is needed.
works_from_there() {
	bin=$place/usr/bin
	exits 0 "$bin/ktstr" --version && exits 0 "$bin/ktstr" completions zsh && [ -s out ] || return
	exits 0 "$bin/ktstr" new mine && [ -s mine/tests.c ] || return
	sh "$root/tests/fake-linux.sh" linux && exits 0 env KTSTR_CCACHE=0 "$bin/cargo-ktstr" ktstr kernel build --source linux &&
		grep -q '^local-' out && exits 0 "$bin/ktstr" kernel list && grep -q local- out
}

# A program of somebody else's, by pkg-config alone; it finds the ktstr beside its library.
library() {
	printf '#include <ktstr.h>\nKTSTR_SCENARIO(a, .scenario = "work - spin\\nhold 1s");\nKTSTR_MAIN\n' >t.c
	PKG_CONFIG_PATH=$place/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$place
	export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
	same "$(sed -n 's/.*ktstr_version = "\(.*\)";/\1/p' "$root/runtime/base/version.c")" "$(pkg-config --modversion libktstr)" || return
	# shellcheck disable=SC2046 # words
	gcc -Wall -Werror t.c $(pkg-config --cflags --libs libktstr) -Wl,-rpath,"$place/usr/lib" -o shared &&
		gcc -Wall -Werror t.c $(pkg-config --cflags libktstr) "$place/usr/lib/libktstr.a" $(pkg-config --static --libs-only-l libktstr | sed 's/-lktstr//') -o static ||
		fail 'pkg-config does not say how' || return
	for program in shared static; do exits 0 ./$program --list --format terse && has 'a: test' out || return; done
	exits 20 env PATH=/usr/bin:/bin ./shared --exact a && has 'kernel' err && exits 23 env PATH=/usr/bin:/bin ./static --exact a && has KTSTR err
}

# A page for each command that help lists.
every_command_has_a_page() {
	man=$place/usr/share/man/man1
	for page in $(ktstr complete -- '' | cut -f 1 | grep -vx help) \
		$(ktstr complete -- kernel '' | cut -f 1 | grep -vx help | sed 's/^/kernel-/'); do
		[ -s "$man/ktstr-$page.1" ] || fail "no page of $page" || return
	done
	[ ! -e "$man/ktstr-build-kernel.1" ]
}

# No warning of groff, every option, and examples that can be pasted.
pages_read_well() {
	man=$place/usr/share/man/man1
	command -v groff >/dev/null || return 0
	for page in "$man"/ktstr*.1 "$place/usr/share/man/man3/ktstr.3"; do
		groff -man -Tutf8 -ww -rLL=100n "$page" >page.txt 2>warnings || return
		[ ! -s warnings ] || { cat warnings; fail "$page"; return; }
	done
	groff -man -Tascii -P-cbou "$man/ktstr-kernel-build.1" >page.txt || return
	ktstr complete -- kernel build -- | cut -f 1 | grep -vxe --quiet -e --verbose -e --color -e --version -e --help >options || return
	while read -r option; do has "$option" page.txt || return; done <options
	has 'ktstr kernel build' page.txt && has 'cargo ktstr kernel build 6.14.2' page.txt
}

hidden_verb() {
	exits 0 ktstr man kernel list && has '.TH "ktstr\-kernel\-list" 1' out && exits 2 ktstr man nonsense &&
		exits 0 ktstr --help && hasnt '  man ' out
}

gone() {
	makes uninstall && same '' "$(find "$place" ! -type d)" 'left behind'
}

run_tests installed works_from_there library every_command_has_a_page pages_read_well hidden_verb gone
