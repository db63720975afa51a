#!/bin/sh
# bisect without a guest: kernels and commits, from a ktstr that says what comes of them, and kept steps from one whose steps are played.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/played.sh"

# A copy of the tool, beside which a script stands for "ktstr run" and "ktstr verifier". What comes of a run says the scheduler, which is a text, or
# else the list "ends" of kernels, a line each: KERNEL WORD.
fake() {
	mkdir bin || return
	cp "$O/cargo-ktstr" "$O/ktstr-step" bin/ && ln -s "$root/rules" "$root/ktstr.kconfig" . || return
	for part in "$O"/ktstr-*; do
		[ -d "$part" ] || [ -e "bin/${part##*/}" ] || ln -s "$part" bin/
	done
	cat >bin/ktstr <<-'END'
		#!/bin/sh
		kernel='' scheduler='' into='' verb=$1
		echo "$*" >>runs
		while [ $# -gt 0 ]; do
			case $1 in
			--kernel) kernel=$2 ;;
			--scheduler-bin) scheduler=$2 ;;
			--json-file) into=$2 ;;
			esac
			shift
		done
		end=$(sed -n "s|^$kernel ||p" ends 2>/dev/null)
		[ -n "$end" ] || [ ! -e "$scheduler" ] || read -r end <"$scheduler"
		: "${end:=pass}"
		[ "$end" != slow ] || exec sleep 60
		code=0 verdict=$end
		case $end in
		pass) ;;
		fail) code=1 ;;
		inconclusive) code=2 ;;
		refused) [ "$verb" = verifier ] || exit 70; echo 'error: the kernel refused it' >&2; exit 3 ;;
		*) echo "error: it ended with $end" >&2; exit "$end" ;;
		esac
		[ "$verb" = run ] || exit $code
		mkdir -p cell
		check=
		[ $code = 0 ] || check="{ \"metric\": \"gap.max\", \"seed\": 1, \"verdict\": \"$verdict\", \"words\": \"it waited\" }"
		printf '{ "format": 1, "test": "t", "kernel": "%s", "topology": "1,1,2,1", "verdict": "%s", "seeds": [ { "seed": 1, "verdict": "%s" } ], "checks": [ %s ], "figures": [] }\n' \
			"$kernel" "$verdict" "$verdict" "$check" >cell/verdict.json
		printf '{ "format": 1, "tests": [{ "dir": "%s/cell" }] }\n' "$PWD" >"$into"
		exit $code
	END
	chmod +x bin/ktstr
	printf 'work - spin\nhold 1s\n' >t.ktstr
	echo pass >sched && chmod +x sched
}

# kernels VERSION…: what the cache has
kernels() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	for v in "$@"; do
		mkdir -p "kernels/k$v" && echo "no kernel: $v" >"kernels/k$v/bzImage" && echo 'CONFIG_VIRTIO_MMIO=y' >"kernels/k$v/.config" &&
			printf '{ "version": "%s", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z" }\n' \
				"$v" >"kernels/k$v/metadata.json" || return
	done
}

# bisect CODE WORD…
bisect() {
	code=$1
	shift
	: >runs
	exits "$code" bin/cargo-ktstr bisect "$@"
}

# says CODE WORDS ARGUMENT…
says() {
	words=$2
	code=$1
	shift 2
	bisect "$code" "$@" && has "$words" err
}

# Each second has one commit, as in the life of a person.
now=1700000000
git_here() {
	now=$((now + 1))
	GIT_AUTHOR_DATE="$now +0000" GIT_COMMITTER_DATE="$now +0000" git -c user.name=Somebody -c user.email=somebody@example.com -c init.defaultBranch=main -c commit.gpgsign=false "$@"
}

# commit END WORDS: the scheduler will END so; "no" does not build
commit() {
	echo "$1" >repo/end && echo "$2" >repo/about && git_here -C repo add -A && git_here -C repo commit -qm "$2"
}

# Twenty commits: the fourteenth breaks it, two between do not compile.
repository() {
	git_here init -q repo || return
	cat >repo/mk <<-'END'
		echo "$(cat about)" >>"$BUILDS"
		[ ! -e "$SLOW" ] || sleep 60
		grep -qx no end && echo 'sched.c:3: error: it does not compile' && exit 1
		mkdir -p made && cp end made/sched && chmod +x made/sched
	END
	BUILDS=$work/builds SLOW=$work/slow
	export BUILDS SLOW
	: >builds
	i=1
	while [ $i -le 20 ]; do
		end=pass
		[ $i -lt 14 ] || end=fail
		case $i in 10 | 12) end=no ;; esac
		commit $end "change $i" || return
		i=$((i + 1))
	done
}

id() {
	git -C repo log --format=%H --grep "^$1\$" main
}

sched() {
	code=$1
	shift
	bisect "$code" t.ktstr --tree repo --build-with 'sh mk' --scheduler-bin made/sched "$@"
}

mistakes() {
	fake && kernels 6.1.1 6.1.5 && repository || return
	says 2 '--good ID and --bad ID are wanted' t.ktstr && says 2 'name one scenario' a b --good 6.1.1 --bad 6.1.5 &&
		says 2 '--scheduler-bin PATH is wanted' --good 6.1.1 --bad 6.1.5 &&
		says 2 'an argument for the scheduler' t.ktstr --good 6.1.1 --bad 6.1.5 -- --fast &&
		says 2 'about a scenario' --scheduler-bin sched --seeds 3 --good 6.1.1 --bad 6.1.5 &&
		says 10 'scheduler binary' t.ktstr --scheduler-bin none --good 6.1.1 --bad 6.1.5 &&
		says 20 '--bad: no kernel "6.1.7"' t.ktstr --good 6.1.1 --bad 6.1.7 && says 2 'are wanted' t.ktstr --good '' --bad 6.1.5 || return
	says 2 'is newer than' t.ktstr --good 6.1.5 --bad 6.1.1 && says 2 'the same version' t.ktstr --good 6.1.5 --bad k6.1.5 || return
	touch image && says 13 '--good: ' t.ktstr --good ./image --bad 6.1.5 || return
	set -- t.ktstr --build-with 'sh mk' --scheduler-bin made/sched
	says 2 'a path below --tree' t.ktstr --build-with 'sh mk' --scheduler-bin ../x --tree repo --good HEAD~19 --bad HEAD || return
	says 10 'there is no such folder' "$@" --tree none --good a --bad b && says 10 'in no git repository' "$@" --tree "$base" --good a --bad b &&
		says 10 '--good none: there is no such commit' "$@" --tree repo --good none --bad HEAD &&
		says 2 "'--all' is no commit" "$@" --tree repo --good=--all --bad HEAD &&
		says 2 'the same commit' "$@" --tree repo --good main --bad HEAD &&
		says 2 'is an ancestor of' "$@" --tree repo --good HEAD --bad HEAD~3 ||
		return
	git_here -C repo checkout -q --orphan other && commit pass alone &&
		says 2 'no commit in common' "$@" --tree repo --good other --bad main && same '' "$(cat runs)" 'what ran'
}

by_version() {
	fake && kernels 7.0.4 7.0.9 7.0.13 7.1.3 7.1.13 7.1.8 6.12 7.2.6 7.0.10 7.1-rc3 || return
	printf 'k7.1.%s fail\n' 3 8 13 >ends
	bisect 0 t.ktstr --good 7.0.4 --bad 7.1.13 --log log --expect-line 'gap.max <= 1s' && has '7.1.3 is the first bad kernel' out &&
		has 'fails: it waited' out && has 'again: ktstr run t.ktstr --kernel k7.1.3 --expect-line' out &&
		has '# first bad kernel: [k7.1.3] 7.1.3' log && has '# good: [k7.1-rc3]' log || return
	hasnt k6.12 runs && hasnt k7.2.6 runs && same 5 "$(wc -l <runs)" 'kernels tried' || return
	sort runs >before
	bisect 0 t.ktstr --good 7.0.4 --bad 7.1.13 --expect-line 'gap.max <= 1s' --json && sort runs | cmp - before || fail 'not the same tries' || return
	python3 -c 'import json; j = json.load(open("out"))
assert j["result"] == "found" and j["first_bad"] == "k7.1.3" and len(j["tried"]) == 5 and j["suspects"] == []
assert [t["verdict"] for t in j["tried"]][:2] == ["good", "bad"]' || fail 'the JSON' || return
	# Without a test: whether the scheduler attaches.
	printf 'k7.1.%s refused\n' 3 8 13 >ends
	bisect 0 --scheduler-bin sched --good 7.0.4 --bad 7.1.13 -- --slice 5 && has '7.1.3 is the first bad kernel' out &&
		has 'the kernel refused it' out && has 'verifier --kernel k7.1.3' runs && has ' -- --slice 5' runs || return
	# Two neighbours: nothing is between them.
	printf 'k7.1.8 fail\n' >ends
	bisect 0 t.ktstr --good 7.1.3 --bad 7.1.8 && has '7.1.8 is the first bad kernel' out && same 2 "$(wc -l <runs)" 'kernels tried'
}

# With --build also what the cache does not have: of one series all between, else the newest of each.
releases() {
	fake && kernels 6.1.1 6.1.4 && printf '6.1.%s fail\n' 6 7 8 9 >ends || return
	says 20 '--bad: no kernel "6.1.9"' t.ktstr --good 6.1.1 --bad 6.1.9 || return
	bisect 0 t.ktstr --good 6.1.1 --bad 6.1.9 --build && has '6.1.6 is the first bad kernel' out && has '--kernel 6.1.5 ' runs && has ' --build' runs || return
	printf '6.3.7 fail\n6.4.2 fail\n' >ends
	cat >releases.json <<-END
		{ "releases": [ { "moniker": "stable", "version": "6.4.2" }, { "moniker": "longterm", "version": "6.3.7" },
			{ "moniker": "longterm", "version": "6.2.12" }, { "moniker": "longterm", "version": "6.1.44" } ] }
	END
	KTSTR_RELEASES_URL=file://$work/releases.json
	export KTSTR_RELEASES_URL
	bisect 0 t.ktstr --good 6.1.4 --bad 6.4.2 --build && has '6.3.7 is the first bad kernel' out && has '6.2.12: good' err
}

# What cannot be told is passed over, and at an end it is told.
passed_over() {
	fake && kernels 6.1 6.2 6.3 6.4 6.5 6.6 6.7 6.8 || return
	printf 'k6.4 6\nk6.5 12\nk6.6 inconclusive\nk6.7 fail\nk6.8 fail\n' >ends
	bisect 2 t.ktstr --good k6.1 --bad k6.8 --log log && has "There are only 'skip'ped kernels left to test." out && has '6.4 (it ended with 6)' out && has '6.7' out &&
		hasnt '6.3' out && hasnt 6.8 out && has '# possible first bad kernel: [k6.4] 6.4' log && hasnt error: err || return
	printf 'k6.4 6\nk6.6 fail\nk6.7 fail\nk6.8 fail\n' >ends
	bisect 0 t.ktstr --good k6.1 --bad k6.8 && has '6.6 is the first bad kernel' out || return
	echo 'k6.1 fail' >ends && says 1 '6.1 is said to be good, and it fails: it waited' t.ktstr --good k6.1 --bad k6.8 || return
	: >ends && says 1 '6.8 is said to be bad, and it passes' t.ktstr --good k6.1 --bad k6.8 || return
	echo 'k6.8 6' >ends && says 6 'the bad end, 6.8, cannot be told: it ended with 6' t.ktstr --good k6.1 --bad k6.8 || return
	echo 'k6.1 inconclusive' >ends && says 1 'the good end, 6.1, cannot be told' t.ktstr --good k6.1 --bad k6.8 || return
	# No other kernel would change that.
	printf 'k6.8 fail\nk6.4 18\n' >ends && says 18 'it ended with 18' t.ktstr --good k6.1 --bad k6.8 --json && has '"unfinished"' out || return
	printf 'k6.8 fail\nk6.4 slow\n' >ends && bisect 0 t.ktstr --good k6.1 --bad k6.8 --step-timeout 6 && has 'took too long' err && has '6.8 is the first' out
}

by_commit() {
	fake && repository || return
	echo 'of mine' >>repo/mk && git -C repo status --porcelain >stands && (cd repo && find . -printf '%p %T@ %i\n' | sort) >files || return
	sched 0 --good HEAD~19 --bad HEAD --log log && has "$(id 'change 14') is the first bad commit" out && has 'Author: Somebody' out &&
		has 'about' out && has '(roughly' err && has 'the build failed (exit status 1): sched.c:3: error: it does not compile' err || return
	# git comes to the same by that log.
	git_here -C repo stash -q && git_here -C repo bisect replay "$work/log" >replayed 2>&1 && has "$(id 'change 14') is the first bad commit" replayed &&
		git_here -C repo bisect reset >/dev/null 2>&1 && git_here -C repo stash pop -q || fail 'git bisect replay' || return
	# Nothing of the repository was touched meanwhile: another run sees the same files.
	git -C repo status --porcelain | cmp - stands || fail 'the work tree' || return
	(cd repo && find . -printf '%p %T@ %i\n' | sort) >files && cp builds first && : >builds || return
	sched 0 --good HEAD~19 --bad HEAD && has "$(id 'change 14') is the first bad commit" out && same '' "$(cat builds)" 'what was built again' || return
	(cd repo && find . -printf '%p %T@ %i\n' | sort) | cmp - files || fail 'the repository was touched' || return
	same "$(sort -u first | wc -l)" "$(wc -l <first)" 'each is built once' || return
	sched 0 --good HEAD~19 --bad HEAD --force && sort first | cmp - builds 2>/dev/null || [ "$(wc -l <first)" = "$(wc -l <builds)" ] || fail 'not built again' || return
	# Of what lies in the store only results are left.
	same '' "$(find "$XDG_CACHE_HOME/ktstr/store/drafts" -mindepth 1 2>/dev/null)" drafts || return
	# From a folder of its own: only the program counts, whatever else the tree has.
	mkdir repo/sub && git_here -C repo mv end about sub/ && git -C repo show HEAD:mk >repo/sub/mk && git_here -C repo add -A &&
		git_here -C repo commit -qm moved && git_here -C repo commit -q --allow-empty -m nothing && echo pass >repo/sub/end &&
		git_here -C repo commit -qam mended && echo fail >repo/sub/end && git_here -C repo commit -qam 'broken again' || fail 'no more commits' || return
	bisect 0 t.ktstr --tree repo/sub --build-with 'sh mk' --scheduler-bin made/sched --good HEAD~1 --bad HEAD && has 'broken again' out || return
	# A folder that came later, and one that is a link to somewhere else.
	cp -R repo/sub repo/late && git_here -C repo add -A && git_here -C repo commit -qm late || fail 'no late folder' || return
	bisect 22 t.ktstr --tree repo/late --build-with 'sh mk' --scheduler-bin made/sched --good HEAD~1 --bad HEAD && has 'it has no folder late/' err || return
	git_here -C repo mv late away && ln -s "$work/repo/sub" repo/late && git_here -C repo add -A && git_here -C repo commit -qm link &&
		git_here -C repo commit -q --allow-empty -m more && rm repo/late && mkdir repo/late && : >builds || fail 'no link' || return
	bisect 22 t.ktstr --tree repo/late --build-with 'sh mk' --scheduler-bin made/sched --good HEAD~1 --bad HEAD && has 'a link that leads out of it' err &&
		same '' "$(cat builds)" 'what was built'
}

untold_commits() {
	fake && git_here init -q repo && cp "$root/tests/lib.sh" repo/other || return
	printf 'grep -qx no end && exit 1\nmkdir -p made && cp end made/sched && chmod +x made/sched\n' >repo/mk
	commit pass one && commit no two && commit no three && commit fail four && commit fail five || return
	sched 2 --good HEAD~4 --bad HEAD --log log && has "There are only 'skip'ped commits left to test." out && has "$(id two) two" out && has "$(id three) three" out &&
		has "$(id four) four" out && hasnt "$(id five)" out || return
	git -C repo bisect replay "$work/log" >replayed 2>&1
	has "There are only 'skip'ped commits left to test." replayed || return
	# No program, and one that is no file of its own.
	bisect 22 t.ktstr --tree repo --build-with 'true' --scheduler-bin made/sched --good HEAD~4 --bad HEAD && has 'the good end, one, cannot be told: the build made no program' err && hasnt 'from before' err &&
		bisect 22 t.ktstr --tree repo --build-with 'true' --scheduler-bin made/sched --good HEAD~4 --bad HEAD && has '--force builds it again' err &&
		bisect 22 t.ktstr --tree repo --build-with './none' --scheduler-bin made/sched --good HEAD~4 --bad HEAD && has 'exit status 127' err &&
		bisect 22 t.ktstr --tree repo --build-with './none' --scheduler-bin made/sched --good HEAD~4 --bad HEAD && hasnt 'from before' err &&
		bisect 15 t.ktstr --tree repo --build-with 'echo "as: a.o: No space left on device"; exit 1' --scheduler-bin made/sched --good HEAD~4 --bad HEAD &&
		bisect 22 t.ktstr --tree repo --build-with 'ln -s /bin/true it' --scheduler-bin it --good HEAD~4 --bad HEAD && has 'the build made no program' err
}

# Two branches and their merge: what git itself comes to; a fault that one end has from before the other is no first bad commit.
merges() {
	fake && repository && git_here -C repo checkout -qb side HEAD~11 || return
	echo 1 >repo/side && git_here -C repo add -A && git_here -C repo commit -qm 'side 1' && echo 2 >repo/side && git_here -C repo commit -qam 'side 2' &&
		git_here -C repo checkout -q main && git_here -C repo merge -q --no-ff -m merged side && commit fail 'after it' || fail 'no merge' || return
	sched 0 --good side --bad main && has "$(id 'change 14') is the first bad commit" out || return
	printf 'cd "%s/tree" && sh mk >/dev/null 2>&1 || exit 125\ngrep -qx pass made/sched\n' "$work" >try
	git clone -q repo tree && git -C tree bisect start main~0 main~21 >/dev/null 2>&1 || fail 'git bisect start' || return
	git -C tree bisect run sh "$work/try" >by-git 2>&1
	has "$(id 'change 14') is the first bad commit" by-git && sched 0 --good main~21 --bad main && has "$(id 'change 14') is the first bad commit" out || return
	sched 0 --good main~21 --bad main --first-parent && has "$(id 'change 14') is the first bad commit" out || return
	git_here -C repo checkout -qb mended main~3 && commit pass 'a fix' && sched 1 --good mended --bad main && has 'it was mended on the way to the good end' err
}

# A signal ends a build with all it started; the next start goes on with what is kept.
interrupted() {
	fake && repository || return
	sched 0 --good HEAD~19 --bad HEAD~5 && cp builds kept && : >builds && touch slow || return
	bin/cargo-ktstr bisect t.ktstr --tree repo --build-with 'sh mk' --scheduler-bin made/sched --good HEAD~19 --bad HEAD >out 2>err &
	pid=$!
	within 60 test -s builds || fail 'no build begins' || return
	kill -TERM $pid && wait $pid
	same 130 $? 'exit code' && has 'the same command goes on from here' err || return
	within 10 nobody_sleeps || fail 'the build goes on' || return
	rm slow && : >builds && sched 0 --good HEAD~19 --bad HEAD && has "$(id 'change 14') is the first bad commit" out || return
	! grep -qxFf kept builds || fail 'what was kept is built again' || return
	# A deadline ends it as well, and keeps nothing of it.
	touch slow && sched 5 --good HEAD~18 --bad HEAD --step-timeout 1 && has 'the build took too long' err && rm slow &&
		sched 0 --good HEAD~18 --bad HEAD && has "$(id 'change 14') is the first bad commit" out
}

nobody_sleeps() {
	! grep -slzxF "BUILDS=$BUILDS" /proc/[0-9]*/environ | while IFS=/ read -r _ _ p _; do cat "/proc/$p/comm"; done 2>/dev/null | grep -qx sleep
}

# Commits of a kernel are named to ktstr run, which builds them.
kernel_tree() {
	fake && repository || return
	for i in 14 15 16 17 18 19 20; do
		echo "git+$work/repo#sha=$(id "change $i") fail"
	done >ends
	for i in 10 11 12; do
		echo "git+$work/repo#sha=$(id "change $i") 22"
	done >>ends
	bisect 0 t.ktstr --tree repo --good HEAD~19 --bad HEAD && has "$(id 'change 14') is the first bad commit" out && has ' --build' runs && has 'it ended with 22' err &&
		same '' "$(cat builds)" 'what was built here'
}

# A cell that ran: its own command, but for what is said anew.
by_cell() {
	fake && kernels 6.1 6.2 6.3 6.4 6.5 6.6 && printf 'k6.%s fail\n' 3 4 5 6 >ends || return
	cell=t/k6.5/1n1l2c1t
	mkdir -p "$XDG_CACHE_HOME/ktstr/store/graphs/one/tests/$cell" || return
	verdict=$XDG_CACHE_HOME/ktstr/store/graphs/one/tests/$cell/verdict.json
	printf '{ "format": 1, "test": "t", "verdict": "fail", "command": "%s", "command_rest": "-- --fast", "seeds": [ { "seed": 7, "verdict": "fail" } ], "checks": [], "figures": [] }\n' \
		"ktstr run t.ktstr --kernel k6.5 --topology 1,1,2,1 --scheduler-bin '$work/sched' --expect-line 'gap.max <= 1s'" >"$verdict"
	bisect 0 $cell --good k6.1 && has '6.3 is the first bad kernel' out && hasnt k6.6 runs || return
	same 4 "$(grep -cxE "run t.ktstr --kernel k6.[0-9] --topology 1,1,2,1 --scheduler-bin $work/sched --expect-line gap.max <= 1s --seeds 7..7 --json-file .* -- --fast" runs)" 'runs as it was run' ||
		return
	bisect 0 $cell --good k6.1 --bad k6.6 --topology 1,1,4,1 --seeds 3 -- --slow && has '6.3 is the first' out && has ' --topology 1,1,4,1' runs && hasnt 1,1,2,1 runs &&
		has ' --seeds 3' runs && hasnt 7..7 runs && hasnt ' --fast' runs && has ' -- --slow' runs || return
	says 10 'no such cell has run' t/k6.5/none --good k6.1 && says 2 'are wanted' $cell --tree . --good a || return
	# With a seed behind its name somebody's folder is no file, and no cell either.
	: >runs && mkdir -p away/x/c && cp "$verdict" away/x/c/ && says 10 'is no cell of this store' 'away/x/c#7' --good k6.1 && same '' "$(cat runs)" 'what ran' || return
	sed -i 's/ktstr run t.ktstr/rm -rf x/' "$verdict" && says 10 'its command is none of ktstr run' $cell --good k6.1 && same '' "$(cat runs)" 'what ran'
}

# A ktstr whose guests are played; kernels are built.
place() {
	played ktstr && printf 'test fine\nwork - spin\nhold 100%%\n' >t.ktstr || return
	FAKE_REAL=$O/ktstr-step KTSTR_CCACHE=0
	export FAKE_REAL KTSTR_CCACHE
}

# Commits of a kernel that is built: the sixth breaks it, the fourth does not compile.
built_kernels() {
	place && sh "$root/tests/fake-linux.sh" repo 6.12.5 && git_here init -q repo || return
	for i in 1 2 3 4 5 6 7; do
		echo "int change_$i;" >>repo/kernel/fork.c
		[ $i != 4 ] || echo '#error it does not compile' >>repo/kernel/fork.c
		[ $i != 5 ] || sed -i '/#error/d' repo/kernel/fork.c
		git_here -C repo add -A && git_here -C repo commit -qm "change $i" || return
	done
	FAKE_BAD=$(git -C repo log --format=%h --abbrev=12 HEAD~2.. | tr '\n' ' ')
	export FAKE_BAD
	exits 0 fake/out/ktstr bisect t.ktstr --tree repo --good HEAD~6 --bad HEAD && has "$(git -C repo rev-parse HEAD~1) is the first bad commit" out && has 'change 4: skip' err &&
		hasnt 'from before' err || return
	# From the second time on it is entries of the cache that are asked for: other graphs, whose runs the store would know, which played steps do not ask.
	# A repository of the user's has no target/ktstr afterwards.
	git_here init -q . && exits 0 fake/out/ktstr bisect t.ktstr --tree repo --good HEAD~6 --bad HEAD && : >steps || return
	exits 0 fake/out/ktstr bisect t.ktstr --tree repo --good HEAD~6 --bad HEAD && has "$(git -C repo rev-parse HEAD~1) is the first bad commit" out || return
	same '' "$(grep -E '^(run|judge|snapshot)' steps)" 'what ran again' && has 'known from before' err && [ ! -e target ]
}

# With steps that are played, a second time no step runs.
kept() {
	place && kernels 6.1 6.2 6.3 6.4 6.5 6.6 6.7 && git_here init -q . || return
	FAKE_BAD='k6.3 k6.4 k6.5 k6.6 k6.7'
	export FAKE_BAD
	exits 0 fake/out/ktstr bisect t.ktstr --good k6.1 --bad k6.7 && has '6.3 is the first bad kernel' out && has 'gap.max 3 ms > 2 ms' out && [ -s steps ] || fail 'no step ran' || return
	[ ! -e target ] || fail 'files are left here' || return
	: >steps
	exits 0 fake/out/ktstr bisect t.ktstr --good k6.1 --bad k6.7 && has '6.3 is the first bad kernel' out && same '' "$(grep -E '^(run|judge|snapshot)' steps)" 'what ran again' || return
	# An equal one beside it waits for nobody.
	lock=$(echo "$XDG_CACHE_HOME"/ktstr/store/texts/bisect-*)
	flock "$lock.lock" true && flock "$lock.lock" fake/out/ktstr bisect t.ktstr --good k6.1 --bad k6.7 >out 2>err
	same 1 $? 'exit code' && has 'the same is being done already' err
}

run_tests mistakes by_version releases passed_over by_commit untold_commits merges interrupted kernel_tree by_cell built_kernels kept
