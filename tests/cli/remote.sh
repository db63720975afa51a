#!/bin/sh
# Kernels shared by the cache of GitHub Actions: both generations of its API, faults of every request, hostile entries.
. "$(dirname "$0")/../lib.sh"

unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY
unset KTSTR_GHA_CACHE ACTIONS_CACHE_URL ACTIONS_RESULTS_URL ACTIONS_CACHE_SERVICE_V2 ACTIONS_RUNTIME_TOKEN

key=6.14.2-tarball-x86_64-kc4a386fe9-f1
namespace=$(printf ktstr | sha256sum | cut -d ' ' -f 1)
token=tell-nobody-this

# start v1|v2: a server with nothing in it, and the environment of a job.
start() {
	mkdir -p there
	: >faults
	rm -f port
	python3 "$root/tests/ghacache.py" --dir there --token "$token" --port-file port --log log --faults faults &
	within 30 test -s port || fail 'the server does not start' || exit 1
	KTSTR_CACHE_DIR=$work/kernels
	KTSTR_GHA_CACHE=1
	ACTIONS_RUNTIME_TOKEN=$token
	export KTSTR_CACHE_DIR KTSTR_GHA_CACHE ACTIONS_RUNTIME_TOKEN
	generation "$1"
}

generation() {
	unset ACTIONS_CACHE_SERVICE_V2 ACTIONS_RESULTS_URL
	ACTIONS_CACHE_URL=http://127.0.0.1:$(cat port)/v1/
	[ "$1" = v1 ] || {
		ACTIONS_CACHE_SERVICE_V2=True
		ACTIONS_RESULTS_URL=http://127.0.0.1:$(cat port)/v2/
	}
	export ACTIONS_CACHE_URL ACTIONS_RESULTS_URL ACTIONS_CACHE_SERVICE_V2
	: >log
}

# An entry whose files say nothing but are of some size; made once.
entry() {
	[ -d "$base/entry" ] || make_entry "$base/entry" || return
	rm -rf "kernels/$key" kept
	mkdir -p kernels && cp -r "$base/entry" "kernels/$key" && cp -r "$base/entry" kept
}

make_entry() { # DIR
	mkdir "$1" && head -c 3000000 /dev/urandom >"$1/bzImage" && seq 200000 >"$1/vmlinux" || return
	echo 'CONFIG_SCHED_CLASS_EXT=y' >"$1/.config"
	crc=$(python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(open(sys.argv[1], "rb").read()))' "$1/.config")
	cat >"$1/metadata.json" <<END
{"version": "6.14.2", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "config_hash": "$crc",
 "built_at": "2026-01-02T03:04:05Z", "ktstr_kconfig_hash": "4a386fe9", "source_tree_path": "/home/somebody/linux",
 "vmlinux_name": "vmlinux", "release": "6.14.2", "identity": "sha256:1234"}
END
}

put() {
	rm -rf put.d
	exits 0 ktstr-source remote-put --store store --out put.d --key "$key"
}

get() { # [OPTION…]
	rm -rf get.d
	exits 0 ktstr-source remote-get --store store --out get.d --key "$key" "$@"
}

fact() { # NAME DIR
	sed -n "s/^$1 //p" "$2/facts"
}

there() {
	[ -f "there/$namespace/$key" ]
}

# What came is what went, but for what is true on one machine only.
whole() {
	for file in bzImage vmlinux .config; do
		cmp "kept/$file" "kernels/$key/$file" || return
	done
	python3 - "kept/metadata.json" "kernels/$key/metadata.json" <<'END'
import json, sys
a, b = (json.load(open(name)) for name in sys.argv[1:])
assert a.pop("source_tree_path") and b["source_tree_path"] is None
a["kconfig_hash"], a["ktstr_kconfig_hash"] = a["ktstr_kconfig_hash"], None # that name is the library's of 0.3.2
assert all(b[name] == value for name, value in a.items()), (a, b)
END
}

no_secrets() {
	! grep -rqaF -e "$token" -e unspeakable out err put.d get.d store cache 2>/dev/null || fail 'a secret is shown'
}

round_trip() { # v1|v2
	start "$1"
	entry || return
	put && same yes "$(fact stored put.d)" && same - "$(fact problem put.d)" && there || return
	rm -rf kernels
	get --identity sha256:1234 && same yes "$(fact found get.d)" && same - "$(fact problem get.d)" && whole || return
	same "$1" "$(cut -d ' ' -f 1 log | sort -u)" 'generation' && same 6 "$(wc -l <log)" requests &&
		same '' "$(find put.d get.d kernels -name '*blob*' -o -name 'work' -o -name '.tmp*' -o -name '.lock*')" &&
		no_secrets
}

first_generation() {
	round_trip v1
}

second_generation() {
	round_trip v2
}

# tar and zstd read what we wrote, and we read a plain tar.
a_blob_for_everybody() {
	start v1
	entry || return
	put && mkdir unpacked && zstd -qdc <"there/$namespace/$key" >raw.tar && tar -C unpacked -xf raw.tar &&
		same 'metadata.json bzImage vmlinux .config' "$(tar -tf raw.tar | xargs)" &&
		same '-rw-r--r--' "$(tar -tvf raw.tar | cut -d ' ' -f 1 | sort -u)" &&
		cmp kept/bzImage unpacked/bzImage && cmp kept/vmlinux unpacked/vmlinux || return
	cp raw.tar "there/$namespace/$key"
	rm -rf kernels
	get && same yes "$(fact found get.d)" && whole
}

# Chunks of 32 MiB; each as soon as the one before it is there.
in_chunks() {
	start v1
	entry || return
	head -c 70000000 /dev/urandom >"kernels/$key/bzImage"
	cp "kernels/$key/bzImage" kept/
	put && same yes "$(fact stored put.d)" && has 'upload 204 0-33554431' log && has 'upload 204 33554432-67108863' log &&
		same 3 "$(grep -c upload log)" || return
	rm -rf kernels
	get && same yes "$(fact found get.d)" && whole
}

nothing_there() {
	for g in v1 v2; do
		start $g
		get && same no "$(fact found get.d)" && same - "$(fact problem get.d)" && [ ! -e kernels ] || return
	done
}

# Neither packed nor sent again; when it came there while we packed, that is no problem either.
an_existing_key() {
	for g in v1 v2; do
		start $g
		entry || return
		mkdir -p "there/$namespace"
		echo old >"there/$namespace/$key"
		put && same no "$(fact stored put.d)" && same - "$(fact problem put.d)" && same 1 "$(wc -l <log)" requests || return
		rm "there/$namespace/$key"
		for fault in 409 refuse; do
			[ "$g$fault" = v1refuse ] && continue
			echo "reserve $fault" >faults
			put && same no "$(fact stored put.d)" && same - "$(fact problem put.d)" && hasnt upload log || return
		done
		echo 'reserve refuse=no-more-room' >faults
		[ $g = v1 ] || { put && has no-more-room put.d/facts; } || return
	done
}

# fault GENERATION get|put OPERATION SPEC TEXT: it is told, and nothing fails or comes into the cache.
fault() {
	generation "$1"
	echo "$3 $4" >faults
	rm -rf kernels
	if [ "$2" = get ]; then
		get && same no "$(fact found get.d)" && has "$5" get.d/facts && [ ! -e "kernels/$key" ]
	else
		rm -rf "there/$namespace"
		entry || return
		put && same no "$(fact stored put.d)" && has "$5" put.d/facts && ! there
	fi && no_secrets && return
	cat log
	fail "$1 $2 $3 $4"
}

faults_of_asking() {
	start v1
	mkdir -p "there/$namespace"
	head -c 1000 /dev/urandom >"there/$namespace/$key"
	for g in v1 v2; do
		fault $g get lookup 403 "problem remote cache read warning: look for $key: HTTP 403 Forbidden: a fault of" &&
			fault $g get lookup echo 'HTTP 403 Forbidden: bad credentials: Bearer *' &&
			fault $g get lookup 503 'HTTP 503' && same 3 "$(grep -c lookup log)" tries &&
			fault $g get lookup html 'makes no sense' &&
			fault $g get lookup junk 'makes no sense' &&
			fault $g get lookup endless 'no end' &&
			fault $g get lookup gone 'remote cache read warning' &&
			fault $g get lookup other 'problem -' &&
			fault $g get lookup to=file:///etc/passwd 'away from https' &&
			fault $g get lookup to=gopher://127.0.0.1/ 'away from https' || return
	done
	fault v1 get lookup empty 'makes no sense' && fault v2 get lookup empty 'problem -' || return
	# Passing trouble passes.
	: >faults
	echo 'lookup 500x2' >faults
	get && hasnt 'HTTP 500' get.d/facts
}

faults_of_fetching() {
	start v1
	entry || return
	put && there || return
	for g in v1 v2; do
		fault $g get download 403 "remote cache read warning: fetch $key: HTTP 403" &&
			fault $g get download 404 'HTTP 404' &&
			fault $g get download cut 'bytes remaining' &&
			fault $g get download html 'remote cache unpack warning: ' &&
			fault $g get download empty 'remote cache unpack warning: ' &&
			fault $g get download large 'more than the' || return
	done
	echo 'download cutx1' >faults
	get && same yes "$(fact found get.d)" && whole
}

faults_of_storing() {
	start v1
	for g in v1 v2; do
		fault $g put lookup 500 'remote cache write warning: look for' &&
			fault $g put reserve 403 "remote cache write warning: store $key: HTTP 403" &&
			fault $g put reserve echo 'Bearer *' &&
			fault $g put reserve html 'makes no sense' &&
			fault $g put reserve junk 'makes no sense' &&
			fault $g put reserve empty "$([ $g = v1 ] && echo 'makes no sense' || echo 'problem -')" &&
			fault $g put upload 403 'upload: HTTP 403' &&
			fault $g put upload gone 'remote cache write warning' &&
			fault $g put commit 500 'HTTP 500' &&
			fault $g put commit gone 'remote cache write warning' || return
	done
	fault v1 put reserve id 'makes no sense' && fault v2 put reserve to=file:///tmp/x 'away from https' &&
		fault v2 put commit empty 'makes no sense' || return
	echo 'upload 503x1' >faults
	put && same yes "$(fact stored put.d)" && there
}

# A server that says nothing does not hold us for ever, and a stop ends it at once.
silence() {
	start v1
	mkdir -p "there/$namespace"
	for what in get put; do
		entry || return
		echo 'lookup mute' >faults
		: >log
		ktstr-source remote-$what --store store --out mute.d --key "$key" 2>err &
		within 30 grep -q mute log || fail "$what asks nothing" || return
		start=$(date +%s)
		kill -TERM $!
		wait $!
		same 130 $? && same 1 $(($(date +%s) - start < 5)) && [ ! -e mute.d/facts ] || return
	done
}

# What a dead one had is no hindrance, and its space is free.
killed() {
	start v2
	entry || return
	put && echo 'download cut' >faults || return
	rm -rf kernels
	ktstr-source remote-get --store store --out get.d --key "$key" &
	within 30 grep -q download log || fail 'nothing is fetched' || return
	kill -9 $!
	wait $! 2>/dev/null
	[ ! -e get.d/facts ] && same '' "$(find get.d -type f)" && [ ! -e kernels ] || fail 'something is left' || return
	: >faults
	exits 0 ktstr-source remote-get --store store --out get.d --key "$key" && same yes "$(fact found get.d)" && whole &&
		same facts "$(cd get.d && find . -mindepth 1 -printf '%f')"
}

# Whatever lies there under our key.
hostile() {
	start v2
	mkdir -p "there/$namespace"
	python3 - <<'END' || return
import io, json, tarfile
good = {"version": "6.14.2", "source": "tarball", "arch": "x86_64", "image_name": "bzImage",
        "built_at": "2026-01-02T03:04:05Z"}
def blob(name, members, **more):
    out = io.BytesIO()
    tar = tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT)
    for path, data in members:
        info = tarfile.TarInfo(path)
        if isinstance(data, dict):
            data = json.dumps(data).encode()
        if isinstance(data, str):
            info.type, info.linkname, data = tarfile.SYMTYPE, data, b""
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    tar.close()
    open("bad-" + name, "wb").write(out.getvalue())
meta, image = ("metadata.json", good), ("bzImage", b"x" * 1000)
blob("nometa", [image])
blob("noimage", [meta])
blob("twice", [meta, image, ("vmlinux", b"1"), ("vmlinux", b"2")])
blob("images", [meta, image, ("Image", b"2")])
blob("up", [meta, ("../../bzImage", b"x")])
blob("absolute", [meta, ("/tmp/ktstr-outside", b"x")])
blob("dots", [meta, ("..", b"x")])
blob("link", [meta, ("bzImage", "/etc/passwd")])
blob("name", [("metadata.json", dict(good, image_name="../x")), image])
blob("steals", [("metadata.json", dict(good, image_name="metadata.json")), image])
blob("arch", [("metadata.json", dict(good, arch="mips")), image])
blob("source", [("metadata.json", dict(good, source="elsewhere")), image])
blob("escape", [("metadata.json", dict(good, version="\x1b[31m6")), image])
blob("json", [("metadata.json", b"{"), image])
blob("huge", [("metadata.json", b" " * (2 << 20)), image])
blob("novmlinux", [("metadata.json", dict(good, vmlinux_name="vmlinux")), image])
blob("config", [("metadata.json", dict(good, config_hash="00000001")), image, (".config", b"CONFIG_X=y\n")])
blob("noconfig", [("metadata.json", dict(good, config_hash="00000001")), image])
data = open("bad-nometa", "rb").read()
open("bad-text", "w").write("hello\n" * 1000)
open("bad-short", "wb").write(data[:700])
END
	n=0
	for bad in bad-*; do
		n=$((n + 1))
		cp "$bad" "there/$namespace/$key"
		get && same no "$(fact found get.d)" "$bad" && has 'remote cache unpack warning: ' get.d/facts &&
			[ ! -e "kernels/$key" ] || fail "$bad" || return
		[ -z "${SHOW-}" ] || echo "$bad: $(fact problem get.d)" >&3
	done
	same 20 $n && [ ! -e /tmp/ktstr-outside ]
}

# The entry of that key that is here stays when what is there is of another source.
another_source() {
	start v1
	entry || return
	put && get --identity sha256:5678 && same no "$(fact found get.d)" && has 'of another source: sha256:1234' get.d/facts &&
		has somebody "kernels/$key/metadata.json"
}

what_is_missing_here() {
	start v1
	entry || return
	(unset ACTIONS_RUNTIME_TOKEN; get) && has 'ACTIONS_RUNTIME_TOKEN is not set' get.d/facts &&
		(unset ACTIONS_CACHE_URL; get) && has 'ACTIONS_CACHE_URL or ACTIONS_RESULTS_URL is not set' get.d/facts &&
		(KTSTR_GHA_CACHE=yes; get) && has 'KTSTR_GHA_CACHE is not 1' get.d/facts && same '' "$(cat log)" || return
	echo '{' >"kernels/$key/metadata.json"
	put && has 'remote cache store skipped: ' put.d/facts || return
	rm -rf kernels
	put && has 'remote cache store skipped: ' put.d/facts && same '' "$(cat log)" &&
		exits 2 ktstr-source remote-get --store store --out get.d &&
		exits 2 ktstr-source remote-get --store store --out get.d --key ../up &&
		exits 2 ktstr-source remote-put --store store --out put.d --key .tmp-x
}

# build CODE OPTION…: $made gets a line for each kernel that make makes.
build() {
	code=$1
	shift
	made=$work/made
	export made
	: >"$made"
	exits "$code" timeout 120 ktstr kernel build "$@"
}

makes() { # NUMBER
	same "$1" "$(grep -c 'bzImage\|^Image' made)" 'kernels made' || { cat err; return 1; }
}

# A runner that starts with nothing.
fresh() {
	rm -rf kernels cache
	: >log
}

# shellcheck disable=SC2016 # for make
tree() { # DIR VERSION
	sh "$root/tests/fake-linux.sh" "$@" && echo '$(shell [ -z "$$made" ] || echo $(MAKECMDGOALS) >>$$made)' >"$1/local.mk"
}

releases() {
	mkdir -p site/v6.x
	for v in 6.14.1 6.14.2; do
		tree "site/linux-$v" $v && tar -C site -cJf "site/v6.x/linux-$v.tar.xz" linux-$v || return
	done
	(cd site/v6.x && sha256sum ./*.tar.xz | sed 's| \./| |; s|\./||' >sha256sums.asc) || return
	KTSTR_KERNEL_MIRROR=file://$work/site
	KTSTR_CCACHE=0
	HOME=$work
	export KTSTR_KERNEL_MIRROR KTSTR_CCACHE HOME
	unset ARCH CROSS_COMPILE LLVM
}

built_once() {
	start v2
	releases || return
	build 0 6.14.1 && makes 1 && has "stored to remote cache: $(cat out)" err && no_secrets || return
	built=$(cat out)
	key=$built
	there || return
	cp -r "kernels/$built" kept
	fresh
	# Not even the sources are fetched.
	KTSTR_KERNEL_MIRROR=file:///nowhere build 0 6.14.1 && makes 0 && same "$built" "$(cat out)" &&
		has "fetched from remote cache: $built" err && has "cached kernel found: $work/kernels/$built" err &&
		diff -r kept "kernels/$built" && hasnt upload log || return
	# What is here is not asked for.
	: >log
	build 0 6.14.1 && makes 0 && same 0 "$(wc -l <log)" requests && hasnt 'remote cache' err || return
	# One of two is there.
	fresh
	build 0 6.14.1 6.14.2 && makes 1 && same 2 "$(wc -l <out)" keys && has "fetched from remote cache: $built" err &&
		same 1 "$(grep -c 'stored to' err)" stored || return
	# Forced: built here, and what is there stays.
	: >log
	build 0 --force 6.14.1 && makes 1 && hasnt upload log && hasnt 'remote cache: ' err || return
	# Nobody wants it.
	fresh
	unset KTSTR_GHA_CACHE
	build 0 6.14.1 && makes 1 && same 0 "$(wc -l <log)" requests && hasnt 'remote cache' err
}

# Whatever gcc another run had; but who names his tools shares with those that name the same.
# shellcheck disable=SC2016 # for sh
tools_by_name() {
	start v2
	releases && mkdir bin || return
	for t in gcc ld ar nm strip objcopy; do
		printf '#!/bin/sh\n[ "$1" != --version ] || { echo "%s 99.1"; exit; }\nexec %s "$@"\n' "$t" "$(command -v $t)" >"bin/$t" &&
			cp "bin/$t" "bin/odd-$t" && chmod +x "bin/$t" "bin/odd-$t" || return
	done
	build 0 6.14.1 && makes 1 && has 'stored to remote' err && fresh || return
	PATH=$work/bin:$PATH build 0 6.14.1 && makes 0 && has 'fetched from remote' err && has 'cached kernel found' err && fresh || return
	CROSS_COMPILE=$work/bin/odd- build 0 6.14.1 && makes 1 && hasnt 'fetched from' err && has 'stored to remote' err && fresh || return
	CROSS_COMPILE=$work/bin/odd- build 0 6.14.1 && makes 0 && has 'fetched from remote' err && has 'cc gcc 99.1' kernels/*/metadata.json &&
		CROSS_COMPILE=$work/bin/odd- build 0 6.14.1 && makes 0 && hasnt 'remote cache' err && fresh || return
	build 0 6.14.1 && makes 0 && has 'fetched from remote' err && hasnt 99.1 kernels/*/metadata.json
}

built_from_trees() {
	start v1
	releases || return
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
	tree linux 6.14.3 && git -C linux init -q -b master && git -C linux add -A && git -C linux commit -qm one || return
	tree plain 6.14.4 || return
	for from in '--source linux' '--source plain' '--git linux --ref master'; do
		# shellcheck disable=SC2086 # several words
		build 0 $from && makes 1 && has "stored to remote cache: $(cat out)" err && fresh &&
			build 0 $from && makes 0 && has "fetched from remote cache: $(cat out)" err || fail "$from" || return
	done
	# Uncommitted changes are nobody else's.
	fresh
	echo >>linux/Makefile
	build 0 --source linux && makes 1 && same 0 "$(wc -l <log)" requests
}

# Whatever the other side does, a kernel is built.
built_all_the_same() {
	start v1
	releases || return
	build 0 6.14.1 && key=$(cat out) && there || return
	for spec in 'lookup 403' 'download 404' 'download html' 'lookup echo' 'lookup gone'; do
		fresh
		echo "$spec" >faults
		build 0 6.14.1 && makes 1 && grep -q '^remote cache .* warning: ' err && no_secrets || fail "$spec" || return
	done
	rm -rf there
	for spec in 'reserve 403' 'upload 403' 'commit 500'; do
		fresh
		echo "$spec" >faults
		build 0 6.14.1 && makes 1 && has 'remote cache write warning: ' err || fail "$spec" || return
	done
	fresh
	unset ACTIONS_CACHE_URL
	build 0 6.14.1 && makes 1 && has 'kernels are not shared' err
}

exec 3>&2
run_tests first_generation second_generation a_blob_for_everybody in_chunks nothing_there an_existing_key faults_of_asking \
	faults_of_fetching faults_of_storing silence killed hostile another_source what_is_missing_here \
	built_once tools_by_name built_from_trees built_all_the_same
