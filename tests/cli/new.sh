#!/bin/sh
# ktstr new: what it makes, that it builds, and that nothing else is touched.
. "$(dirname "$0")/../lib.sh"

# names FOLDER…: all that is in it, on a line
names_in() {
	for folder in "$@"; do ls -A "$folder"; done | tr '\n' ' '
}

# The command that is printed last.
next() {
	sed -n '$s/^  //p' out
}

c_project() {
	exits 0 ktstr new my-sched || return
	same 'cd my-sched && make test' "$(next)" || return
	same '.gitignore Makefile meson.build scx_my_sched.bpf.c scx_my_sched.c tests.c ' "$(names_in my-sched)" || return
	! grep -rl scx_mine my-sched || fail 'that is the name of another one' || return
	has 'binary = "scx_my_sched"' my-sched/tests.c
}

# What is printed works: files that are compiled have no warning, tests no mistake.
c_builds() {
	make -s -C "$root" -o all O="$O" PREFIX="$work/prefix" install >install.log 2>&1 || { cat install.log; fail 'no make install'; return; }
	export PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig"
	exits 0 ktstr new mine && exits 0 make -C mine CFLAGS='-O2 -Werror' && exits 0 mine/tests --list || return
	same 'fair weights ' "$(cut -d ' ' -f 1 out | tr '\n' ' ')" || return
	exits 0 make -C mine clean && same '.gitignore Makefile meson.build scx_mine.bpf.c scx_mine.c tests.c ' "$(names_in mine)"
}

rust_project() {
	exits 0 ktstr new rusty --lang rust && same 'cd rusty && cargo build && cargo nextest run --no-fail-fast' "$(next)" || return
	same '.gitignore Cargo.toml build.rs src tests main.rs scx_rusty.bpf.c ' "$(names_in rusty rusty/src)" || return
	sed s/scx_mine/scx_rusty/ "$root/runtime/test/ktstr.rs" | cmp - rusty/tests/ktstr/mod.rs && ! grep -rl scx_mine rusty/Cargo.toml rusty/build.rs rusty/src rusty/tests/sched.rs
}

# A folder of a package that is there, whose name is not in it; it compiles as a test target does.
rust_tests() {
	mkdir p && exits 0 ktstr new p/tests --lang rust-tests && same 'cd p/tests && cargo nextest run --no-fail-fast' "$(next)" && has 'harness = false' out || return
	same 'ktstr sched.rs link.rs mod.rs ' "$(names_in p/tests p/tests/ktstr)" && hasnt scx_ p/tests/sched.rs || return
	rustc --version >/dev/null 2>&1 || return 0
	printf '#[path = "p/tests/ktstr/link.rs"]\nmod ktstr;\nfn main() {\n    ktstr::link()\n}\n' >build.rs && rustc --edition 2021 -D warnings build.rs && exits 0 ./build &&
		CARGO_PKG_NAME=p exits 0 rustc --edition 2021 -D warnings p/tests/sched.rs -L "$O" -C link-arg=-Wl,-rpath,"$O" && exits 0 ./sched --list &&
		same 'crowd fair ' "$(cut -d ' ' -f 1 out | sort | tr '\n' ' ')" && exits 0 ./sched --export && has '"binary": "p"' out
}

files_alone() {
	exits 0 ktstr new first --lang=file && same 'cd first && ktstr run *.ktstr' "$(next)" && same 'README crowd.ktstr fair.ktstr ' "$(names_in first)"
}

# A folder may be there when nothing is in it, and it is as umask has it.
empty_folder() {
	mkdir empty && (umask 027 && exits 0 ktstr new ./empty/) && same '750 640 ' "$(stat -c %a empty empty/tests.c | tr '\n' ' ')"
}

nothing_is_touched() {
	mkdir full 'to full' && echo mine >full/file && echo mine >file && ln -s full link && ln -s nowhere dangling && mkdir nothing && ln -s nothing to_nothing || return
	find . -mindepth 1 -ls | grep -v ' \./\(out\|err\)$' | sort -k 11 >"$base/before"
	for dir in full file link dangling to_nothing; do
		exits 1 ktstr new $dir && has "$dir is there already" err || return
	done

	find . -mindepth 1 -ls | grep -v ' \./\(out\|err\)$' | sort -k 11 >"$base/after"
	diff "$base/before" "$base/after"
}

# A disk that is full, or whatever it is: nothing is left.
whole_or_not_at_all() {
	mkdir here && cd here || return
	(
		trap '' XFSZ
		ulimit -f 1
		exec ktstr new project
	) >../out 2>../err
	code=$?
	cat ../err
	same '1 ' "$code $(ls -A)" && has 'error: ' ../err && exits 1 ktstr new no/where && same '' "$(ls -A)"
}

# One that dies suddenly leaves its draft, and the next one takes that away; what is held, or is called a little otherwise, stays.
sudden_death() {
	echo '#include <signal.h>
		int rename(const char *a, const char *b) { return raise(SIGKILL) + (a == b); }' | gcc -shared -fPIC -x c -o dies.so - || return
	mkdir here && cd here || return
	LD_PRELOAD=$work/dies.so ASAN_OPTIONS=${ASAN_OPTIONS-}:verify_asan_link_order=0 ktstr new project >../out 2>../err
	same 137 $? 'exit code' || return
	left=$(ls -A)
	case $left in .project.ktstr-new.??????) ;; *) fail "it left '$left'" || return ;; esac
	mkdir .project.ktstr-new.held00 .project.ktstr-new.other-one .other.ktstr-new.abcdef && : >.project.ktstr-new.afile0 &&
		ln -s .other.ktstr-new.abcdef .project.ktstr-new.linked || return
	mkfifo ../go && { flock .project.ktstr-new.held00 cat ../go & } && exec 3>../go || return
	until ! flock -n .project.ktstr-new.held00 true; do :; done
	(cd .. && exits 0 ktstr new here/project)
	made=$?
	exec 3>&-
	wait
	[ $made = 0 ] || return
	same '.other.ktstr-new.abcdef .project.ktstr-new.afile0 .project.ktstr-new.held00 .project.ktstr-new.linked .project.ktstr-new.other-one project ' \
		"$(names_in .)" && [ -e project/scx_project.c ] && exits 0 ktstr new other && [ ! -e .other.ktstr-new.abcdef ]
}

# For what a shell makes of names: hostile-words.sh.
names() {
	long=a2345678901234567890123456789012345678901
	for name in '' . .. / 1st _a a.b 'a b' é a/.. $long; do
		exits 2 ktstr new "$name" && has 'no project can be called' err || return
	done
	exits 2 ktstr new && exits 2 ktstr new a b && exits 2 ktstr new a --lang perl || return
	same 'err out ' "$(names_in .)" && exits 0 ktstr new ${long%?} && [ -e ${long%?}/scx_${long%?}.c ]
}

run_tests c_project c_builds rust_project rust_tests files_alone empty_folder nothing_is_touched whole_or_not_at_all sudden_death names
