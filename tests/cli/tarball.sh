#!/bin/sh
# Released kernels over the network: what a server may do to us, hostile archives, sudden death, crowds.
#
# SHOW=1 prints the table of faults with message and exit code.
. "$(dirname "$0")/../lib.sh"

# site: the mirror's folder, with two releases, a release candidate, and lists of checksums
python3 - "$base/site" <<'END' || exit 1
import hashlib, io, os, random, stat, sys, tarfile
site = sys.argv[1]
folder = site + "/v6.x"
os.makedirs(folder)
os.makedirs(site + "/rc")
chance = random.Random(1)

def add(tar, name, data=b"", **how):
    info = tarfile.TarInfo(name)
    info.mtime = 1700000000
    info.mode = 0o644
    info.size = len(data)
    for key, value in how.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))

def kernel(path, version, files, mode, **how):
    top = "linux-" + version
    with tarfile.open(path, mode, **how) as tar:
        add(tar, top, type=tarfile.DIRTYPE, mode=0o775)
        add(tar, top + "/Makefile", b"VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 1\nEXTRAVERSION =\n")
        add(tar, top + "/Kconfig", b'mainmenu "Linux"\n')
        add(tar, top + "/arch/x86/Kconfig", b"config X86\n")
        add(tar, top + "/scripts/run.sh", b"#!/bin/sh\n", mode=0o775)
        add(tar, top + "/Documentation/x86", type=tarfile.SYMTYPE, linkname="../arch/x86")
        for i in range(files):
            add(tar, f"{top}/kernel/f{i}.c", chance.randbytes(10000))

kernel(folder + "/linux-6.12.1.tar.xz", "6.12.1", 10, "w:xz", preset=0)
kernel(folder + "/linux-6.12.2.tar.xz", "6.12.2", 200, "w:xz", preset=0)
kernel(site + "/rc/linux-6.13-rc2.tar.gz", "6.13-rc2", 10, "w:gz")

OUT = "/../../../../../../../../../../../tmp/ktstr-outside"
hostile = {
    "traversal": [("l" + OUT, {})],
    "absolute": [("/tmp/ktstr-outside", {})],
    "symlink-out": [("l/a", dict(type=tarfile.SYMTYPE, linkname="/etc/passwd"))],
    "hardlink-out": [("l/a", dict(type=tarfile.LNKTYPE, linkname="/etc/passwd"))],
    "through-link": [("l/a", dict(type=tarfile.SYMTYPE, linkname="b")), ("l/a/x", {})],
    "char-device": [("l/null", dict(type=tarfile.CHRTYPE, devmajor=1, devminor=3))],
    "block-device": [("l/disk", dict(type=tarfile.BLKTYPE, devmajor=8, devminor=0))],
    "fifo": [("l/pipe", dict(type=tarfile.FIFOTYPE))],
    "set-id": [("l/su", dict(mode=0o4755))],
    "bomb": [("l/zeros", dict(data=bytes(64 << 20)))],
    "many": [("l/" + "/".join("d" * 70), {})],
    "two-tops": [("l/Makefile", {}), ("m/Makefile", {})],
    "empty": [],
}
for i, (name, members) in enumerate(hostile.items()):
    with tarfile.open(f"{folder}/linux-6.66.{i}.tar.xz", "w:xz", preset=0, format=tarfile.GNU_FORMAT) as tar:
        for path, how in members:
            how = dict(how)
            add(tar, path, how.pop("data", b""), **how)
    print(name, f"6.66.{i}", file=open(site + "/hostile", "a"))

good = open(folder + "/linux-6.12.1.tar.xz", "rb").read()
for name, version, data in (("truncated", "6.66.90", good[:-1000]), ("garbage", "6.66.91", good + bytes(range(256)))):
    open(f"{folder}/linux-{version}.tar.xz", "wb").write(data)
    print(name, version, file=open(site + "/hostile", "a"))

with open(folder + "/sha256sums.asc", "w") as sums:
    for name in sorted(os.listdir(folder)):
        if name.startswith("linux-"):
            print(hashlib.sha256(open(folder + "/" + name, "rb").read()).hexdigest() + "  " + name, file=sums)
END

begin() {
	: >faults
	serve "$base/site" --faults "$work/faults"
	KTSTR_KERNEL_MIRROR=$web
	KTSTR_RC_MIRROR=$web/rc
	export KTSTR_KERNEL_MIRROR KTSTR_RC_MIRROR
}

tarball() { # VERSION
	ktstr-source tarball --store store --out "out-$1" --version "$1" --force
}

# Beside us; $! is the program itself.
launch() { # VERSION
	ktstr-source tarball --store store --out "out-$1" --version "$1" --force 2>err &
}

tree() { # VERSION
	echo "store/sources/$(sed -n 's/^identity sha256://p' "out-$1/facts")"
}

# The tree is what Python's tarfile makes of the archive.
whole() { # VERSION [DIR]
	rm -rf reference
	python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall("reference")' \
		"$base/site/v6.x/linux-$1.tar.xz" && diff -r --no-dereference "reference/linux-$1" "${2:-$(tree "$1")}"
}

# Beside what is named nothing lies in the store, not even a draft.
holds_only() { # PATTERN…
	(cd store && find sources tarballs -mindepth 1 -maxdepth 1 2>/dev/null | sort) >there || return
	for pattern; do
		grep -qE "$pattern" there || { cat there; fail "no $pattern in the store"; return; }
		grep -vE "$pattern" there >rest
		mv rest there
	done
	[ ! -s there ] || { cat there; fail 'more than that is in the store'; }
}

downloads() {
	grep -c 'linux-.*\.tar' web.log
}

sum() { # VERSION
	sha256sum <"$base/site/v6.x/linux-$1.tar.xz" | cut -d ' ' -f 1
}

good() {
	begin
	tarball 6.12.1 && whole 6.12.1 && has 'kind tarball' out-6.12.1/facts && has 'version 6.12.1' out-6.12.1/facts &&
		has "identity sha256:$(sum 6.12.1)" out-6.12.1/facts &&
		holds_only "sources/$(sum 6.12.1)$" "tarballs/$(sum 6.12.1).tar.xz$" || return
	same 1 "$(downloads)" downloads && cmp "$base/site/v6.x/linux-6.12.1.tar.xz" "store/tarballs/$(sum 6.12.1).tar.xz" &&
		[ "$(stat -c %Y "$(tree 6.12.1)/Makefile")" = 1700000000 ] && [ -x "$(tree 6.12.1)/scripts/run.sh" ] || return
	tarball 6.13-rc2 && has 'identity sha256:' out-6.13-rc2/facts && [ -f "$(tree 6.13-rc2)/Makefile" ] &&
		has 'step    tarball' out-6.13-rc2/recipe && has 'url' out-6.13-rc2/recipe
}

# From what is kept, without a network: the list of checksums, the tarball, the tree.
offline() {
	begin
	tarball 6.12.1 || return
	requests=$(wc -l <web.log)
	tarball 6.12.1 && rm -rf store/sources/* && tarball 6.12.1 && whole 6.12.1 &&
		same "$requests" "$(wc -l <web.log)" 'requests' || return
	# A kept tarball that is damaged is no tarball.
	chmod u+w store/tarballs/*.tar.xz
	printf x | dd of="store/tarballs/$(sum 6.12.1).tar.xz" bs=1 seek=5000 conv=notrunc 2>/dev/null
	rm -rf store/sources/*
	tarball 6.12.1 && whole 6.12.1 && same 2 "$(downloads)" downloads &&
		holds_only "sources/$(sum 6.12.1)$" "tarballs/$(sum 6.12.1).tar.xz$"
}

# After a power failure a tree's name may be on disk without its files: one of another boot is unpacked again.
other_boot() {
	begin
	tarball 6.12.1 && rm "$(tree 6.12.1)/Makefile" && tarball 6.12.1 && [ ! -e "$(tree 6.12.1)/Makefile" ] || return
	echo another >"store/hashes/boot-$(sum 6.12.1)"
	tarball 6.12.1 && whole 6.12.1 && same 1 "$(downloads)" downloads &&
		holds_only "sources/$(sum 6.12.1)$" "tarballs/$(sum 6.12.1).tar.xz$"
}

# fault NAME SPEC VERSION CODE TEXT: the tarball's address has this fault. What fails leaves nothing.
fault() {
	rm -rf store out-*
	echo "*/linux-*.tar.* $2" >faults
	if ! exits "$4" tarball "$3" || ! { [ -z "$5" ] || has "$5" err; }; then
		fail "$1"
		return
	fi
	[ -z "${SHOW-}" ] || printf '%-28s %2d  %s\n' "$1" "$4" "$(sed 's/^error: //; 2,$s/^/                                /' err)" \
		>>"$base/table"
	if [ "$4" = 0 ]; then
		holds_only 'sources/[0-9a-f]{64}$' 'tarballs/[0-9a-f]{64}.tar.xz$'
	else
		holds_only
	fi || fail "$1"
}

faults() {
	begin
	fault 'a tarball' norange 6.12.1 0 '' &&
		fault '404' 404 6.12.1 10 'HTTP 404 Not Found' &&
		fault '404 of a release candidate' 404 6.13-rc2 10 'Release candidates are taken away' &&
		fault 'no such release' '' 6.12.99 10 'the newest of that series is 6.12.2' &&
		fault '403' 403 6.12.1 24 'HTTP 403' &&
		fault '500 twice, then fine' 500x2 6.12.1 0 '' &&
		fault '500 for ever' 500 6.12.1 24 'HTTP 500' &&
		fault 'cut, goes on' cutx1 6.12.2 0 '' &&
		fault 'cut, must start over' cutx1+norange 6.12.2 0 '' &&
		fault 'cut, another file then' cutx1+change 6.12.2 0 '' &&
		fault 'cut before the first byte' gone 6.12.1 24 'linux-6.12.1.tar.xz' &&
		fault 'HTML instead of a tarball' html 6.12.1 24 'a web page instead of a tarball' &&
		fault 'JSON instead of a tarball' json 6.12.1 25 'is not what was published' &&
		fault 'nothing' empty 6.12.1 24 'tar.xz is empty' &&
		fault 'wrong checksum' flip 6.12.1 25 'nothing of it was kept' &&
		fault 'endless body' endless 6.12.1 26 '4 MiB without any member' &&
		fault 'redirect loop' loop 6.12.1 24 'redirect' &&
		fault 'redirected' followx1 6.12.1 0 ''
	r=$?
	[ -z "${SHOW-}" ] || cat "$base/table" >&3
	return $r
}

# Archives whose checksum is right and that are bad all the same.
hostile() {
	begin
	while read -r name version; do
		rm -rf store
		if ! exits 26 tarball "$version" || ! has "Linux $version: the archive" err || ! holds_only; then
			fail "$name"
			return
		fi
		[ -z "${SHOW-}" ] || printf '%-28s %2d  %s\n' "archive: $name" 26 "$(sed 's/^error: //' err)" >&3
	done <"$base/site/hostile"
	[ ! -e /tmp/ktstr-outside ] || fail 'something was written outside'
}

part_size() {
	stat -c %s store/tarballs/*.part 2>/dev/null || echo 0
}

part_beyond() {
	[ "$(part_size)" -gt "$1" ]
}

draft_has() {
	set -- store/sources/.tarball-*.draft/"$1"
	[ -e "$1" ]
}

# Files are there before the last byte of the archive has come.
overlap() {
	begin
	echo '*.tar.xz slow=20000' >faults
	launch 6.12.2
	within 30 draft_has kernel/f20.c || fail 'no file while bytes came' || return
	[ "$(part_size)" -lt 1500000 ] || fail 'too late to tell' || return
	[ ! -e out-6.12.2/facts ] && wait $! && whole 6.12.2
}

killed_download() {
	begin
	echo '*.tar.xz slow=10000' >faults
	for least in 100000 200000 300000; do
		launch 6.12.2
		within 30 part_beyond $least || fail 'nothing comes' || return
		kill -9 $!
		wait $! 2>/dev/null
		# 50 ms each 10,000 bytes: it cannot be through.
		[ ! -e out-6.12.2/facts ] && [ "$(part_size)" -lt 2000000 ] || fail 'too late to tell' || return
	done
	: >faults
	tarball 6.12.2 && whole 6.12.2 && same 4 "$(downloads)" downloads && grep -q '206 bytes=[0-9]\{6\}-' web.log &&
		holds_only "sources/$(sum 6.12.2)$" "tarballs/$(sum 6.12.2).tar.xz$"
}

# The first half lies there and is not the one of this file.
wrong_part() {
	begin
	mkdir -p store/tarballs
	head -c 100000 /dev/zero >"store/tarballs/tarball-$(sum 6.12.2).part"
	tarball 6.12.2 && whole 6.12.2 && same 2 "$(downloads)" downloads || return
	# All of it lies there.
	rm -rf store/sources/*
	mv "store/tarballs/$(sum 6.12.2).tar.xz" "store/tarballs/tarball-$(sum 6.12.2).part"
	chmod u+w store/tarballs/*.part
	tarball 6.12.2 && whole 6.12.2 && same 2 "$(downloads)" downloads &&
		holds_only "sources/$(sum 6.12.2)$" "tarballs/$(sum 6.12.2).tar.xz$"
}

# Killed at 40 moments between start and end, download and unpacking from a kept tarball in turn.
killed_anywhere() {
	begin
	i=0
	while [ $i -lt 40 ]; do
		rm -rf store/sources/[0-9a-f]*
		[ $((i % 2)) = 0 ] && rm -rf store/tarballs
		launch 6.12.2
		sleep "0.$(printf %02d $((i * 7 % 40)))"
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
		i=$((i + 1))
		[ ! -d "store/sources/$(sum 6.12.2)" ] || whole 6.12.2 "store/sources/$(sum 6.12.2)" || fail "round $i" || return
		[ ! -f "store/tarballs/$(sum 6.12.2).tar.xz" ] ||
			same "$(sum 6.12.2)" "$(sha256sum <"store/tarballs/$(sum 6.12.2).tar.xz" | cut -d ' ' -f 1)" || return
	done
	tarball 6.12.2 && whole 6.12.2 && holds_only "sources/$(sum 6.12.2)$" "tarballs/$(sum 6.12.2).tar.xz$"
}

# What a dead one left of another tarball goes with the next one that works.
dead_drafts() {
	begin
	echo '*.tar.xz slow=10000' >faults
	launch 6.12.2
	within 30 draft_has Makefile || return
	kill -9 $!
	wait $! 2>/dev/null
	tarball 6.12.1 && holds_only "sources/$(sum 6.12.1)$" "tarballs/$(sum 6.12.1).tar.xz$" 'part$'
}

# Of downloads that nobody goes on with.
old_parts() {
	begin
	mkdir -p store/tarballs || return
	for age in 29 31; do
		touch -d "$age days ago" store/tarballs/tarball-$age.part || return
	done
	touch -d '31 days ago' store/tarballs/other && tarball 6.12.1 &&
		holds_only "sources/$(sum 6.12.1)$" "tarballs/$(sum 6.12.1).tar.xz$" tarball-29.part$ other$ &&
		[ -e store/tarballs/tarball-29.part ] && [ ! -e store/tarballs/tarball-31.part ]
}

crowd() {
	begin
	echo '*.tar.xz slow=40000' >faults
	i=0
	pids=
	while [ $i -lt 5 ]; do
		ktstr-source tarball --store store --out "out$i" --version 6.12.1 --force &
		pids="$pids $!"
		i=$((i + 1))
	done
	for pid in $pids; do
		wait "$pid" || fail 'one of them failed' || return
	done
	same 1 "$(downloads)" downloads && whole 6.12.1 "store/sources/$(sum 6.12.1)" &&
		holds_only "sources/$(sum 6.12.1)$" "tarballs/$(sum 6.12.1).tar.xz$"
}

interrupted() {
	begin
	echo '*.tar.xz slow=10000' >faults
	launch 6.12.2
	within 30 part_beyond 100000 || return
	kill -TERM $!
	wait $!
	same 130 $? 'exit code' && has 'interrupted by SIGTERM' err && holds_only 'part$' && [ ! -e out-6.12.2/facts ]
}

# On a file system with 3 MB, which the tarball fits into and the tree does not.
disk_full() {
	may_mount || return 0
	begin
	mkdir store
	# shellcheck disable=SC2016 # for the inner shell
	own_mounts sh -c 'mount -t tmpfs -o size=3m tmpfs store &&
		ktstr-source tarball --store store --out made --version 6.12.2 2>err
		echo $? >code; find store/sources store/tarballs -type f >files'
	same 15 "$(cat code)" 'exit code' && has 'MB are needed' err && has 'has 3 MB free' err && has 'KTSTR_STORE' err &&
		hasnt sources files
}

bad_options() {
	begin
	exits 2 ktstr-source tarball --store store --out made && has '--version is required' err &&
		exits 2 ktstr-source tarball --store store --out made --version nonsense && has 'nonsense' err &&
		exits 2 ktstr-source tarball --store store --out made --version ../../6.12 || return
	: >file
	exits 14 ktstr-source tarball --store file --out made --version 6.12.1
}

exec 3>&2
run_tests good offline other_boot faults hostile overlap killed_download wrong_part killed_anywhere dead_drafts old_parts crowd interrupted \
	disk_full bad_options
