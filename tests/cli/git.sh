#!/bin/sh
# Sources from git: what a ref means now, and one commit without its history; against a real git daemon, git's own HTTP
# backend, an ssh that is a script, and repositories on this machine.
#
# SHOW=1 prints a table of cases with exit code and message.
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
unset GIT_SSH GIT_DIR http_proxy https_proxy all_proxy
HOME=$base
export HOME
served=$base/served
linux=$served/linux

# make_kernel DIR: a repository that looks like one, with two commits
make_kernel() {
	git init -q -b master "$1" || return
	(
		cd "$1" && mkdir -p arch/x86 kernel include scripts &&
			printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION =\n' >Makefile &&
			: >Kconfig && echo 'config X86' >arch/x86/Kconfig && echo 'int fork;' >kernel/fork.c &&
			printf '#!/bin/sh\n' >scripts/run.sh && chmod +x scripts/run.sh && ln -s ../kernel include/kernel &&
			printf 'one\r\ntwo\r\n' >crlf && printf '* text=auto eol=lf\n*.c filter=evil\n' >.gitattributes &&
			seq 2000 >kernel/alike1.c && seq 2001 >kernel/alike2.c && seq 1999 >kernel/alike3.c &&
			git add -A 2>/dev/null && git commit -qm one && git tag -a v6.12.3 -m v6.12.3 && git tag light &&
			echo 'int more;' >>kernel/fork.c && git commit -qam two 2>/dev/null && git branch sched_ext/for-6.20
	)
}

# The servers end with us: the daemon by the trap, the other when its standard input does.
daemon=
serve() {
	i=0
	while [ $i -lt 20 ]; do
		port=$(shuf -i 20000-60000 -n 1)
		git daemon --base-path="$served" --export-all --listen=127.0.0.1 --port="$port" --reuseaddr \
			>"$base/daemon.log" 2>&1 &
		daemon=$!
		within 5 git ls-remote -q "git://127.0.0.1:$port/linux" >/dev/null 2>&1 && break
		kill $daemon
		i=$((i + 1))
	done
	trap 'kill $daemon 2>/dev/null; exec 9>&-; rm -rf "$base"' EXIT
	mkfifo "$base/life"
	python3 "$root/tests/githttpd.py" "$served" "$base/http.port" "$base/http.log" <"$base/life" &
	exec 9>"$base/life"
	within 10 test -s "$base/http.port" || echo "# no HTTP server"
	git_url=git://127.0.0.1:$port
	http_url=http://127.0.0.1:$(cat "$base/http.port")
}

commit() { # REV [DIR]
	git -C "${2-$linux}" rev-parse "$1^{commit}"
}

# show CASE: one line of the table, about the last command of exits
show() {
	[ -z "${SHOW-}" ] && return
	if [ "$got" = 0 ]; then
		set -- "$1" "$(tr '\n' ' ' <r/facts)"
	else
		set -- "$1" "$(sed 's/^error: //; 2,$s/^/                                /' err)"
	fi
	printf '%-26s %3d  %s\n' "$1" "$got" "$2" >&3
}

# Into r/facts
ref() { # URL REF
	rm -rf r
	timeout 60 ktstr-source remote-ref --store "$work/store" --out r --url "$1" --ref "$2"
}

# Into c/facts, and the tree into the store
clone() { # URL REF COMMIT
	rm -rf c
	timeout 120 ktstr-source clone --store "$work/store" --out c --url "$1" --ref "$2" --commit "$3"
}

is_ref() { # URL REF COMMIT NAME
	exits 0 ref "$1" "$2" && same "commit $3
name $4" "$(cat r/facts)" "$2 of $1" && case $1 in git://*) show "ref $(printf %.20s "$2")" ;; esac
}

# The tree in the store is what git itself makes of that commit, without line ends changed, and nothing is left beside it.
is_tree() { # COMMIT [DIR]
	rm -rf want
	mkdir want
	git -C "${2-$linux}" cat-file -e "$1" || return
	git -C "${2-$linux}" --work-tree="$work/want" -c core.attributesFile=/dev/null read-tree \
		--index-output="$work/index" "$1" || return
	git clone -q --no-checkout "${2-$linux}" want.git && echo '* -text -filter' >want.git/.git/info/attributes &&
		git -C want.git --work-tree="$work/want" checkout -q -f "$1" -- . || return
	rm -rf want.git
	(cd want && find . -printf '%P %y %m %l\n' | sort) >want.list || return
	(cd "store/sources/$1" && find . -printf '%P %y %m %l\n' | sort) >got.list || return
	diff -r --no-dereference want "store/sources/$1" && diff want.list got.list && left_nothing
}

left_nothing() {
	[ -z "$(find store/drafts store/locks -mindepth 1)" ] || fail "something is left in the store"
}

names() {
	head=$(commit HEAD)
	old=$(commit v6.12.3)
	for url in "$git_url/linux" "$http_url/linux" "$http_url/old/linux" "$linux" "file://$linux"; do
		is_ref "$url" master "$head" refs/heads/master && is_ref "$url" HEAD "$head" refs/heads/master &&
			is_ref "$url" refs/heads/master "$head" refs/heads/master &&
			is_ref "$url" v6.12.3 "$old" refs/tags/v6.12.3 && is_ref "$url" light "$old" refs/tags/light &&
			is_ref "$url" tags/light "$old" refs/tags/light &&
			is_ref "$url" sched_ext/for-6.20 "$head" refs/heads/sched_ext/for-6.20 || return
	done
	# An id is not asked about, so nobody has to be there.
	is_ref git://127.0.0.1:1/none "$old" "$old" - &&
		is_ref git://127.0.0.1:1/none "$(echo "$old" | tr a-f A-F)" "$old" -
}

moved_branch() {
	git -C "$linux" branch -f moving v6.12.3
	is_ref "$git_url/linux" moving "$(commit v6.12.3)" refs/heads/moving || return
	git -C "$linux" branch -f moving master
	is_ref "$git_url/linux" moving "$(commit master)" refs/heads/moving
}

# case, exit code, what the message has
bad_names() {
	for url in "$git_url" "$http_url" "$http_url/old" "$served"; do
		exits 10 ref "$url/linux" nonsense && has "'nonsense'" err && show 'unknown ref' && has 'default branch is master' err &&
			exits 10 ref "$url/linux" mastr && has 'near it: master' err && show 'mistyped branch' &&
			exits 10 ref "$url/linux" for-6.2 && has 'near it: sched_ext/for-6.20' err &&
			exits 10 ref "$url/linux" v6.12 && has 'near it: v6.12.3' err &&
			exits 10 ref "$url/linux" "$(commit HEAD | cut -c1-12)" && has 'all its 40 digits' err && show 'short commit id' &&
			exits 10 ref "$url/none" master && has 'no git repository' err && show 'not a repository' &&
			exits 10 ref "$url/empty" master && has 'no branch and no tag yet' err && show 'empty repository' || return
	done
	[ ! -e r/facts ]
}

bad_servers() {
	exits 24 ref git://127.0.0.1:1/linux master && has 'Connection refused' err && show 'nobody listens' &&
		exits 24 ref http://127.0.0.1:1/linux master && has '127.0.0.1' err &&
		exits 24 ref git://nowhere.invalid/linux master && has 'nowhere.invalid' err && show 'no such host' &&
		exits 24 ref "$http_url/busy/linux" master && has '503' err && show 'busy server' &&
		exits 10 ref "$http_url/page/linux" master && has 'no git repository' err
}

# Something else that listens: it answers in its own way, or not at all until it is told to stop.
not_git() {
	python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], file=open("port", "w"), flush=True)
c = s.accept()[0]
c.recv(4096) # one that is closed unread is a connection reset
c.sendall(b"220 mail.example.org ready\r\n")
c.close()
s.settimeout(60)
c = s.accept()
open("second", "w")
sys.stdin.read()' <"$base/life" 9>&- &
	within 10 test -s port || return
	exits 24 ref "git://127.0.0.1:$(cat port)/x" master && has protocol err && show 'something else listens' || return
	ktstr-source remote-ref --store store --out r --url "git://127.0.0.1:$(cat port)/x" --ref master 2>err &
	asks=$!
	within 60 test -e second || return
	kill -TERM $asks
	wait $asks
	same 130 $? 'exit code' && has 'interrupted' err
}

bad_addresses() {
	for url in '' ftp://x/y git://host git:///path ssh://-oProxyCommand=x/y -oProxyCommand=x:y 'host:-x' 'ext::sh -c true' 'host::path' 'git://h:x/y' \
		"git://h/a%0ab" 'git://h/a%00b' "git://h/a
b" 'http://h/x?y' 'file://other/x'; do
		if ! exits 2 ref "$url" master || ! has 'no address of a git repository' err; then
			fail "$url"
			return
		fi
	done
	exits 10 ref ./nowhere master && exits 2 ref "$linux" '' && exits 2 ktstr-source remote-ref --store store --out r &&
		exits 2 clone "$linux" x 1234
}

passwords() {
	exits 24 ref "$http_url/login/linux" master && has '401' err && show 'login needed' && has '.netrc' err &&
		exits 24 ref "http://user:wrong@${http_url#http://}/login/linux" master && hasnt wrong err &&
		exits 0 ref "http://user:secret@${http_url#http://}/login/linux" master &&
		exits 0 ref "http://user:secret@${http_url#http://}/moved/login/linux" master || return
	echo 'machine 127.0.0.1 login user password secret' >"$work/.netrc"
	HOME=$work exits 0 ref "$http_url/login/linux" master &&
		HOME=$work exits 0 clone "$http_url/login/linux" master "$(commit master)" || return
	rm .netrc
	rm -rf store
	exits 24 clone "$http_url/login/linux" master "$(commit master)" || return
	KTSTR_GIT_URL="http://user:secret@${http_url#http://}/other" exits 24 clone "$http_url/login/linux" master \
		"$(commit master)" || return
	KTSTR_GIT_URL="http://user:secret@${http_url#http://}/login/linux" exits 0 clone "$http_url/login/linux" master \
		"$(commit master)" || return
	for path in login moved/login; do
		rm -rf store
		exits 0 clone "http://user:secret@${http_url#http://}/$path/linux" master "$(commit master)" || return
	done
	! grep -r secret store c || fail 'a password is stored'
}

# Neither in what is stored nor in the environment of make.
no_passwords() {
	sh "$root/tests/fake-linux.sh" "$served/fake" && echo "\$(shell env >>$work/seen)" >"$served/fake/local.mk" &&
		git -C "$served/fake" init -q -b master && git -C "$served/fake" add -A &&
		git -C "$served/fake" commit -qm one || return
	for force in '' --force; do
		# shellcheck disable=SC2086 # none or one
		KTSTR_CCACHE=0 ACTIONS_RUNTIME_TOKEN=topsecret exits 0 timeout 300 ktstr kernel build $force \
			--git "http://user:secret@${http_url#http://}/login/fake" --ref master || return
		hasnt secret err && has PATH= seen && hasnt secret seen && rm seen || return
	done
	! grep -rI secret cache || fail 'a password is stored' || return
	exits 24 timeout 300 ktstr kernel build --git "http://user:wrong@${http_url#http://}/login/fake" --ref master &&
		hasnt wrong err
}

fetched() {
	for url in "$git_url/linux" "$http_url/linux" "$http_url/old/linux" "$http_url/moved/linux" "$linux" "file://$linux"; do
		for name in v6.12.3 sched_ext/for-6.20 ''; do
			id=$(commit "${name:-light}")
			rm -rf store
			if ! exits 0 clone "$url" "$name" "$id" || ! is_tree "$id"; then
				fail "'$name' of $url"
				return
			fi
			same "kind git
identity git:$id
version 6.12.3
commit $id
ref ${name:--}
url $url" "$(cat c/facts)" facts || return
		done
	done
}

bare_repository() {
	git clone -q --bare "$linux" bare.git && git -C "$linux" worktree add -q --detach "$work/second" master || return
	for url in "$work/bare.git" "$work/second"; do
		rm -rf store
		exits 0 clone "$url" master "$(commit master)" && is_tree "$(commit master)" || return
	done
	git -C "$linux" worktree remove --force "$work/second"
}

# Neither a branch nor a tag stands at it.
plain_commit() {
	id=$(git -C "$linux" commit-tree -m hidden -p master 'master^{tree}')
	git -C "$linux" update-ref refs/hidden/x "$id"
	git -C "$linux" update-ref -d refs/hidden/x
	exits 0 clone "$git_url/linux" "$id" "$id" && is_tree "$id" && rm -rf store &&
		exits 0 clone "$linux" "$id" "$id" && is_tree "$id" && rm -rf store &&
		exits 10 clone "$http_url/old/linux" "$id" "$id" && has 'no commit by its id' err && has '--ref NAME' err &&
		exits 24 clone "$http_url/old/linux" master "$id" && has 'moved' err || return
	git -C "$linux" config uploadpack.allowAnySHA1InWant true
	exits 0 clone "$http_url/old/linux" '' "$id" && is_tree "$id"
	rc=$?
	git -C "$linux" config --unset uploadpack.allowAnySHA1InWant
	[ $rc = 0 ] || return
	rm -rf store
	none=0123456789012345678901234567890123456789
	for url in "$git_url/linux" "$http_url/linux" "$linux"; do
		exits 10 clone "$url" '' $none && has $none err && left_nothing || return
	done
	tree=$(git -C "$linux" rev-parse 'master^{tree}')
	exits 10 clone "$linux" '' "$tree" && has 'no commit' err
}

not_a_kernel() {
	id=$(commit master "$served/other")
	exits 10 clone "$git_url/other" master "$id" && has 'no kernel source tree' err && left_nothing &&
		[ ! -e "store/sources/$id" ]
}

# Only one commit's objects come.
no_history() {
	[ -d "$served/long" ] || make_kernel "$served/long" || return
	awk 'BEGIN { for (i = 1; i <= 3000; i++) {
		printf "commit refs/heads/master\ncommitter a <a@example.org> %d +0000\ndata 1\nx", 1700000000 + i
		if (i == 1) printf "\nfrom refs/heads/master^0"
		s = ""; for (k = 0; k < 20; k++) s = s sprintf("%d ", rand() * 1e9)
		printf "\nM 644 inline kernel/f%d.c\ndata %d\n%s\n", i % 50, length(s), s } }' |
		git -C "$served/long" fast-import --quiet || return
	id=$(commit master "$served/long")
	: >"$base/http.log"
	exits 0 clone "$http_url/long" master "$id" && is_tree "$id" "$served/long" || return
	git clone -q --bare "$http_url/long" full.git || return
	grep '^pack:' "$base/http.log" | tr -d , | { read -r _ one _ bytes _ && read -r _ all _ full _ && {
		echo "one commit: $one objects, $bytes bytes; everything: $all objects, $full bytes"
		[ "$one" -lt 80 ] && [ "$all" -gt 9000 ] && [ "$bytes" -lt $((full / 20)) ]
	}; }
}

by_ssh() {
	cat >ssh <<-'END'
		#!/bin/sh
		printf '%s\n' "$@" >>ssh.log
		for last; do :; done
		echo 'Welcome to this host' >&2
		exec sh -c "$last"
	END
	chmod +x ssh
	GIT_SSH=$work/ssh
	export GIT_SSH
	is_ref "ssh://git@host:2222$linux" v6.12.3 "$(commit v6.12.3)" refs/tags/v6.12.3 && has 2222 ssh.log && has git@host ssh.log && is_ref "host:$linux" master "$(commit master)" refs/heads/master &&
		exits 0 clone "git@host:$linux" master "$(commit master)" && is_tree "$(commit master)" || return
	git clone -q "$linux" "it's here" && exits 0 ref "host:$work/it's here" master || return
	exits 24 ref "host:$work/none" master && has 'none' err || return
	printf '#!/bin/sh\necho chatter >&2\necho "Host key verification failed." >&2\nexit 255\n' >ssh
	exits 24 ref "host:$linux" master && has 'Host key verification failed.' err || return
	printf '#!/bin/sh\nexit 3\n' >ssh
	exits 24 ref "host:$linux" master || return
	GIT_SSH=$work/nothing exits 23 ref "host:$linux" master
}

cut_off() {
	[ -d "$served/large" ] || make_large || return
	exits 24 clone "$http_url/cut/large" master "$(commit master "$served/large")" && left_nothing &&
		[ -z "$(ls store/sources)" ] || return
	exits 0 clone "$http_url/large" master "$(commit master "$served/large")"
}

make_large() {
	make_kernel "$served/large" &&
		(
			cd "$served/large" && git config core.compression 0 && git config pack.window 0 && mkdir many && i=0 &&
				while [ $i -lt 300 ]; do
					head -c 40000 /dev/urandom >many/$i
					i=$((i + 1))
				done && git add -A 2>/dev/null && git commit -qm many
		)
}

# Moments from the connection to the rename. What is under "sources" is whole or not there.
death() {
	[ -d "$served/large" ] || make_large || return
	id=$(commit master "$served/large")
	killed=0
	for url in "$git_url/large" "$http_url/large" "$served/large"; do
		for ms in 02 05 10 15 20 30 40 60; do
			ktstr-source clone --store store --out c --url "$url" --ref master --commit "$id" >/dev/null 2>&1 &
			sleep 0.$ms
			if kill -9 $! 2>/dev/null; then killed=$((killed + 1)); fi
			wait $! 2>/dev/null
			[ ! -e "store/sources/$id" ] || { is_whole && rm -rf store/sources store/objects; } || return
		done
		exits 0 clone "$url" master "$id" && is_tree "$id" "$served/large" && rm -rf store || return
	done
	[ $killed -gt 10 ] || fail "only $killed were killed"
}

is_whole() {
	same "$(git -C "$served/large" ls-tree -r "$id" | wc -l)" "$(find "store/sources/$id" ! -type d | wc -l)" files
}

interrupted() {
	[ -d "$served/large" ] || make_large || return
	id=$(commit master "$served/large")
	ktstr-source clone --store store --out c --url "$git_url/large" --ref master --commit "$id" 2>err &
	within 20 sh -c 'ls store/drafts 2>/dev/null | grep -q .' || return
	kill -TERM $!
	wait $!
	same 130 $? 'exit code' && has 'interrupted by SIGTERM' err && left_nothing
}

# Both want it, one fetches.
two_at_once() {
	[ -d "$served/large" ] || make_large || return
	id=$(commit master "$served/large")
	: >"$base/http.log"
	for i in 1 2 3 4; do
		ktstr-source clone --store store --out c$i --url "$http_url/large" --ref "r$((i % 2))" --commit "$id" 2>err.$i &
		pids="${pids-} $!"
	done
	for pid in $pids; do
		wait "$pid" || { cat err.*; return 1; }
	done
	same 1 "$(grep -c '^pack:' "$base/http.log")" packs && is_tree "$id" "$served/large" || return
	for i in 1 2 3 4; do
		has "commit $id" c$i/facts || return
	done
}

# The tree is made again only for whoever needs it; what is known of the commit costs nothing.
known_commit() {
	id=$(commit master)
	exits 0 clone "$git_url/linux" master "$id" && cp c/facts first && rm -rf store/sources c &&
		exits 0 clone git://127.0.0.1:1/linux other "$id" && has "url git://127.0.0.1:1/linux" c/facts &&
		has 'version 6.12.3' c/facts && [ ! -e "store/sources/$id" ]
}

# A repository without some of its objects, and one whose objects lie about what they are.
damaged() {
	git clone -q "$linux" broken
	blob=$(git -C broken rev-parse master:kernel/fork.c)
	chmod -R u+w broken
	rm -f "broken/.git/objects/$(echo "$blob" | sed 's,..,&/,')"
	git -C broken cat-file -e "$blob" 2>/dev/null && fail "still there" && return
	exits 26 clone "$work/broken" master "$(commit master)" && has "$blob" err && has fork.c err && left_nothing &&
		[ -z "$(ls store/sources)" ]
}

# Told beforehand: what comes is not known to fit.
full_disk() {
	may_mount || return 0
	mkdir store
	exits 15 own_mounts sh -c 'mount -t tmpfs -o size=20m tmpfs store && exec "$@"' sh ktstr-source clone --store store \
		--out c --url "$git_url/linux" --ref master --commit "$(commit master)" && has '5000 MB' err && has KTSTR_STORE err
}

somebody_elses() {
	git clone -q "$linux" theirs
	[ "$(id -u)" != 0 ] || chown -R 12345:12345 theirs
	is_ref "$work/theirs" master "$(commit master)" refs/heads/master &&
		exits 0 clone "$work/theirs" master "$(commit master)" && is_tree "$(commit master)"
}

# shellcheck disable=SC2119 # it takes no argument
make_kernel "$linux" && git init -q --bare -b master "$served/empty" && git init -q -b master "$served/other" &&
	git -C "$served/other" commit -q --allow-empty -m nothing && serve || exit 1
exec 3>&2
run_tests names moved_branch bad_names bad_servers not_git bad_addresses passwords no_passwords fetched bare_repository \
	plain_commit not_a_kernel no_history by_ssh cut_off death interrupted two_at_once known_commit damaged full_disk somebody_elses
