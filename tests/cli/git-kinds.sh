#!/bin/sh
# Repositories of every kind git makes: SHA-256, reftable, partial and shallow clones as a remote; and as the source tree on
# this machine those that libgit2 cannot read: an index that is split, sparse or without its checksum, and the first two. The
# tree is the same one whatever git keeps it in.
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
unset GIT_SSH GIT_SSH_COMMAND GIT_DIR GIT_SSL_CAINFO http_proxy https_proxy all_proxy
HOME=$base
export HOME
served=$base/served

# make_tree DIR: what is in a repository, without one
make_tree() {
	mkdir -p "$1/arch/x86" "$1/kernel" "$1/include" "$1/scripts" "$1/init" "$1/gone" && (
		cd "$1" && printf 'VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION =\n' >Makefile &&
			: >Kconfig && : >Kbuild && echo 'config X86' >arch/x86/Kconfig && echo 'int fork;' >kernel/fork.c &&
			printf '#!/bin/sh\n' >scripts/run.sh && chmod +x scripts/run.sh && ln -s ../kernel include/kernel &&
			printf 'one\r\ntwo\r\n' >crlf && printf '*.o\n/out/\n!keep.o\n' >.gitignore && echo 'int main;' >init/main.c &&
			printf '* text=auto\n*.c filter=evil\n' >.gitattributes && echo blob >kernel/tracked.o && echo x >gone/x
	)
}

# make_repository DIR [OPTION-OF-INIT]…
make_repository() {
	dir=$1
	shift
	make_tree "$dir" && git init -q -b master "$@" "$dir" && git -C "$dir" add -f . 2>/dev/null &&
		git -C "$dir" commit -qm one && git -C "$dir" tag -a v6.12.3 -m v6.12.3 && echo 'int more;' >>"$dir/kernel/fork.c" &&
		git -C "$dir" commit -qam two 2>/dev/null
}

# Whether this git can make a repository with an option; a kind it does not know is no failure of ours.
knows() {
	git init -q "$1" "$base/try" 2>/dev/null && rm -rf "$base/try" && return
	echo "# $(git --version) has no $1"
	return 1
}

# The server ends when its standard input does.
serve() {
	mkfifo "$base/life"
	python3 "$root/tests/githttpd.py" "$served" "$base/http.port" "$base/http.log" <"$base/life" &
	exec 9>"$base/life"
	trap 'exec 9>&-; rm -rf "$base"' EXIT
	within 10 test -s "$base/http.port" || return
	http_url=http://127.0.0.1:$(cat "$base/http.port")
	cat >"$base/ssh" <<-'END'
		#!/bin/sh
		for last; do :; done
		exec sh -c "$last"
	END
	chmod +x "$base/ssh"
}

ref() { # URL REF
	rm -rf r
	# shellcheck disable=SC2086 # several words
	env ${foreign-} GIT_SSH="$base/ssh" timeout 60 ktstr-source remote-ref --store "$work/store" --out r --url "$1" --ref "$2"
}

clone() { # URL REF COMMIT
	rm -rf c
	# shellcheck disable=SC2086 # several words
	env ${foreign-} GIT_SSH="$base/ssh" timeout 120 ktstr-source clone --store "$work/store" --out c --url "$1" --ref "$2" --commit "$3"
}

list() {
	# Line ends are git's business on the way in.
	(cd "$1" && find . \( -name .git -o -name crlf \) -prune -o \( -type f -exec sha256sum {} + \) -o -printf '%P %y %l\n' | sort)
}

# fetches DIR [URL]…: all names mean what they do, and the tree of a commit is what was put in
fetches() {
	dir=$1
	shift
	head=$(git -C "$dir" rev-parse HEAD) && old=$(git -C "$dir" rev-parse 'v6.12.3^{commit}') || return
	for url in "$@"; do
		exits 0 ref "$url" master && same "commit $head
name refs/heads/master" "$(cat r/facts)" "$url" && exits 0 ref "$url" v6.12.3 && has "commit $old" r/facts &&
			exits 0 ref "$url" HEAD && has "commit $head" r/facts && exits 0 ref "$url" "$head" &&
			exits 10 ref "$url" mastr && has 'near it: master' err && exits 10 ref "$url" "$(echo "$head" | cut -c1-12)" &&
			has "all its ${#head} digits" err && rm -rf store && exits 0 clone "$url" master "$head" &&
			has "identity git:$head" c/facts || return
		list "$served/plain" >want && list "store/sources/$head" >got && diff want got || return
		[ -z "$(find store/drafts store/locks -mindepth 1)" ] || fail "something is left in the store" || return
		none=$(echo "$head" | tr 0-9a-f 1-9a-f0)
		exits 10 clone "$url" '' "$none" && has "$none" err || return
	done
}

sha256() {
	fetches "$served/sha256" "$http_url/sha256" "$http_url/old/sha256" "host:$served/sha256" "$served/sha256" \
		"file://$served/sha256"
}

reftable() {
	knows --ref-format=reftable || return 0
	make_repository "$served/reftable" --ref-format=reftable || return
	fetches "$served/reftable" "$http_url/reftable" "$served/reftable"
}

# Objects of another kind are as hostile as those libgit2 reads.
hostile_sha256() {
	git init -q --bare --object-format=sha256 evil.git && cd evil.git || return
	blob=$(echo text | git hash-object -w --stdin)
	for name in .git .. . a/b; do
		tree=$(perl -e 'print "100644 $ARGV[0]\0", pack("H*", $ARGV[1])' -- "$name" "$blob" |
			git hash-object -w --literally -t tree --stdin)
		id=$(printf 'tree %s\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx' "$tree" |
			git hash-object -w -t commit --literally --stdin)
		exits 26 clone "$work/evil.git" '' "$id" && has hostile "$work/err" || return
	done
	tree=$(perl -e 'print "100644 a\0", pack("H*", "07" x 32)' | git hash-object -w --literally -t tree --stdin)
	id=$(printf 'tree %s\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nx' "$tree" |
		git hash-object -w -t commit --literally --stdin)
	exits 26 clone "$work/evil.git" '' "$id" && has 'is missing' "$work/err" &&
		exits 10 clone "$work/evil.git" '' "$tree" && has 'no commit' "$work/err"
}

# What the repository served does not have itself it has from elsewhere; what is checked out is there.
partial() {
	git -C "$served/plain" config uploadpack.allowFilter true && git -C "$served/plain" config uploadpack.allowAnySHA1InWant true &&
		git clone -q --filter=blob:none "file://$served/plain" "$served/partial" 2>/dev/null || return
	fetches "$served/partial" "$http_url/partial" "$served/partial" || return
	old=$(git -C "$served/plain" rev-parse 'v6.12.3^{commit}')
	rm -rf store
	exits 0 clone "$served/partial" v6.12.3 "$old" && same 'int fork;' "$(cat "store/sources/$old/kernel/fork.c")" || return
	# The repository itself is left alone, and runs nothing.
	rm -rf store
	git -C "$served/partial" config core.sshCommand "touch $work/ran;" &&
		git -C "$served/partial" config remote.origin.url "ext::touch $work/ran" || return
	exits 26 clone "$served/partial" v6.12.3 "$old" && [ ! -e ran ] &&
		! GIT_NO_LAZY_FETCH=1 git -C "$served/partial" cat-file -e v6.12.3:kernel/fork.c 2>/dev/null
}

shallow() {
	git clone -q --depth 1 "file://$served/plain" "$served/shallow" 2>/dev/null || return
	git -C "$served/shallow" tag -a v6.12.3 -m v6.12.3 && fetches "$served/shallow" "$http_url/shallow" "$served/shallow"
}

# facts NAME DIR: what the tool makes of a tree on this machine
facts() {
	rm -rf "f.$1"
	exits 0 timeout 60 ktstr-source tree --store "$work/store" --out "f.$1" --source "$2" && cp "f.$1/facts" "$1.facts"
}

# looks_same NAME: like the plain tree: clean, then built in, with a new file, changed, and with a filter set
looks_same() {
	for what in ':' 'touch kernel/fork.c' 'mkdir -p out; echo x >out/x; echo x >kernel/fork.o; echo x >kernel/keep.o' \
		'echo x >new.c' 'echo "int third;" >>kernel/fork.c'; do
		(cd plain && eval "$what") && (cd "$1" && eval "$what") && facts plain "$work/plain" && facts "$1" "$work/$1" || return
		case $1 in sha256) sed -i '/^commit/d' plain.facts "$1.facts" ;; esac
		diff plain.facts "$1.facts" || { fail "$1: $what"; return; }
	done
	grep -q 'dirty yes' "$1.facts" || { fail "$1 is not dirty"; return; }
	git -C plain checkout -q -- . 2>/dev/null
	git -C "$1" checkout -q -- . 2>/dev/null
	git -C plain clean -fdxq
}

copies() {
	rm -rf plain "$1"
	cp -a "$served/plain" plain && cp -a "$served/plain" "$1"
}

skip_hash() {
	copies skiphash && git -C skiphash config index.skipHash true && git -C skiphash update-index --force-write-index || return
	if [ "$(tail -c 20 skiphash/.git/index | tr -d '\0' | wc -c)" != 0 ]; then
		echo "# $(git --version) has no index.skipHash"
		return 0
	fi
	looks_same skiphash
}

split_index() {
	copies split && git -C split update-index --split-index && looks_same split
}

sparse_index() {
	copies sparse && git -C sparse update-index --refresh && git -C sparse sparse-checkout init --cone --sparse-index &&
		git -C sparse sparse-checkout set arch/x86 include init kernel scripts && [ ! -e sparse/gone ] &&
		git -C plain update-index --refresh && git -C plain sparse-checkout set --no-cone '/*' '!/gone/' &&
		[ ! -e plain/gone ] && git -C sparse ls-files --sparse | grep -qx gone/ && looks_same sparse
}

local_sha256() {
	copies x && rm -rf sha256 && cp -a "$served/sha256" sha256 && looks_same sha256
}

local_reftable() {
	knows --ref-format=reftable || return 0
	copies reftable || return
	if ! git -C reftable refs migrate --ref-format=reftable 2>/dev/null; then
		echo "# $(git --version) has no refs migrate"
		return 0
	fi
	looks_same reftable
}

compat_format() {
	copies compat && git -C compat config core.repositoryformatversion 1 &&
		git -C compat config extensions.compatObjectFormat sha256 || return
	git -C compat status >/dev/null 2>&1 || { echo "# $(git --version) has no compatObjectFormat"; return 0; }
	looks_same compat
}

# What the configuration of a tree names is not run, also by git, and nothing is written.
nothing_is_run() {
	for kind in split sha256; do
		copies split && git -C split update-index --split-index && rm -rf sha256 && cp -a "$served/sha256" sha256 || return
		# shellcheck disable=SC2016 # for the script
		(
			cd $kind && printf '#!/bin/sh\necho "$0" >>%s/ran\n' "$work" >.git/evil && chmod +x .git/evil &&
				for hook in post-index-change fsmonitor-watchman reference-transaction; do cp .git/evil .git/hooks/$hook || exit; done &&
				git config core.fsmonitor .git/evil && git config core.hooksPath .git/hooks &&
				git config filter.evil.clean "$PWD/.git/evil" && git config filter.evil.smudge "$PWD/.git/evil" &&
				git config filter.evil.required true && git config filter.b=c.process "$PWD/.git/evil" &&
				git config core.pager "$PWD/.git/evil" && git config core.sshCommand "$PWD/.git/evil" &&
				git config diff.external "$PWD/.git/evil" && git config alias.status "!$PWD/.git/evil" &&
				git config alias.ls-files "!$PWD/.git/evil" && printf '*.c filter=b=c\n' >.git/info/attributes &&
				rm -f ../ran && touch kernel/fork.c && sed 's/int/INT/' init/main.c >m && cat m >init/main.c && rm m
		) || return
		find $kind -type f -exec sha256sum {} + | sort >before
		facts $kind "$work/$kind" && has 'dirty yes' $kind.facts || return
		[ ! -e ran ] || fail "$(cat ran)" || return
		find $kind -type f -exec sha256sum {} + | sort | diff before - || return
		[ "$(id -u)" != 0 ] || { chown -R 12345:12345 $kind && facts $kind "$work/$kind"; } || return
	done
}

# The environment of a hook, or of a script that works on another repository.
foreign_environment() {
	copies split && git -C split update-index --split-index && facts plain "$work/plain" || return
	git init -q other
	GIT_DIR=$work/other/.git GIT_WORK_TREE=$work/other GIT_INDEX_FILE=$work/none GIT_OBJECT_DIRECTORY=$work/none GIT_FLUSH=0 \
		facts split "$work/split" && diff plain.facts split.facts || return
	foreign="GIT_DIR=$work/other/.git GIT_OBJECT_DIRECTORY=$work/none GIT_SHALLOW_FILE=x GIT_NAMESPACE=y GIT_DEFAULT_HASH=sha256"
	fetches "$served/plain" "$http_url/plain"
	rc=$?
	foreign=
	return $rc
}

# Without git: what needs it says so, the rest works.
without_git() {
	copies split && git -C split update-index --split-index && mkdir bin || return
	for program in cat rm cp timeout grep env; do ln -s "$(command -v $program)" bin/$program; done
	old=$PATH
	PATH=$O:$work/bin
	facts plain "$work/plain" && exits 23 ktstr-source tree --store store --out f --source "$work/split" &&
		has 'git is not installed: apt-get install git' err && exits 23 ref "$http_url/plain" master &&
		has 'git is not installed' err && exits 23 clone "$http_url/plain" master "$(cat "$base/plain.id")" && has 'git is not installed' err
	rc=$?
	PATH=$old
	return $rc
}

# What git itself is too old for names the setting, and what helps.
newer_than_git() {
	copies newer && git -C newer config extensions.fromTheFuture true && git -C newer config core.repositoryformatversion 1 || return
	exits 10 ktstr-source tree --store store --out f --source "$work/newer" && has extensions.fromthefuture err && has 'a newer one reads it' err
}

damaged_kinds() {
	copies split && git -C split update-index --split-index && rm split/.git/sharedindex.* &&
		exits 10 ktstr-source tree --store store --out f --source "$work/split" && has split err || return
	rm -rf sha256
	cp -a "$served/sha256" sha256 && echo nonsense >sha256/.git/HEAD &&
		exits 10 ktstr-source tree --store store --out f --source "$work/sha256" && has sha256 err &&
		exits 10 ref "$work/sha256" master && has 'not a git repository' err
}

# A kernel is built of it, and its key is that of the plain tree.
builds() {
	sh "$root/tests/fake-linux.sh" l && git -C l init -q && git -C l add -A && git -C l commit -qm x &&
		cp -a l split && git -C split update-index --split-index || return
	for tree in l split; do
		KTSTR_CCACHE=0 exits 0 timeout 300 ktstr kernel build --source $tree && ls cache/ktstr/kernels >$tree.keys &&
			rm -rf cache/ktstr/kernels || return
	done
	grep -q local- l.keys && diff l.keys split.keys
}

# shellcheck disable=SC2119 # it takes no argument
make_repository "$served/plain" && make_repository "$served/sha256" --object-format=sha256 &&
	git -C "$served/plain" rev-parse HEAD >"$base/plain.id" && serve || exit 1
run_tests sha256 reftable hostile_sha256 partial shallow skip_hash split_index sparse_index local_sha256 local_reftable \
	compat_format nothing_is_run foreign_environment without_git newer_than_git damaged_kinds builds
