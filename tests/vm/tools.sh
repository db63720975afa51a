#!/bin/sh
# Programs exchanged under a graph that is up to date: what they had a part in is asked again.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr
own_store "$base/store" "$key" || exit 1
qemu=$(command -v "qemu-system-$(uname -m)")

# wrapper VERSION: a QEMU first in PATH that calls itself so; empty: by the name of the real one
wrapper() {
	mkdir -p bin
	{
		echo '#!/bin/sh'
		echo "# $2"
		[ -z "$1" ] || echo "[ \"\$1\" != --version ] || { echo 'QEMU emulator version $1'; exit; }"
		echo "exec '$qemu' \"\$@\""
	} >"bin/$(basename "$qemu")"
	chmod +x "bin/$(basename "$qemu")"
}

verify() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --explain
}

another_qemu() {
	verify && verify && hasnt 's boot' err && wrapper 11.9.99 one || return
	PATH=$PWD/bin:$PATH verify && grep -q 's boot' err && has '11.9.99' err || fail 'another version' || return
	PATH=$PWD/bin:$PATH verify && hasnt 's boot' err || return
	# The same version, built anew.
	wrapper 11.9.99 two && PATH=$PWD/bin:$PATH verify && grep -q 's boot' err && has 'qemu.program' err || fail 'built anew' || return
	# What was there before is still known.
	verify && hasnt 's boot' err && has cached err
}

# Firmware runs before the kernel, and is a package of its own.
another_firmware() {
	may_mount || return 0
	rom=$("$qemu" -L help | sed 's|$|/qboot.rom|' | while read -r file; do [ ! -e "$file" ] || { echo "$file" && break; }; done)
	[ -n "$rom" ] && cp "$rom" same.rom && cp "$rom" other.rom && printf ktstr | dd of=other.rom conv=notrunc bs=1 seek=60000 2>/dev/null || return
	with() {
		# shellcheck disable=SC2016 # that shell's
		exits 0 own_mounts sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh "$@" \
			ktstr verifier --scheduler-bin "$sched" --kernel "$key" --explain
	}
	verify && with same.rom "$rom" && hasnt 's boot' err && with other.rom "$rom" && grep -q 's boot' err && has qemu.qboot.rom err &&
		verify && hasnt 's boot' err
}

# As when the module is loaded or the user comes to be in the group.
another_kvm() {
	verify || return
	folder=$(echo "$KTSTR_STORE"/graphs/verifier-*)
	file=$(echo "$folder"/tools/*kvm*)
	[ -s "$file" ] && echo changed >"$file" || return
	verify && hasnt 'cached  host accelerator' err && grep -q '/dev/kvm' "$file" || return
	verify && has 'cached  host accelerator' err
}

# A path that comes to name an older file, of which no time tells.
another_file() {
	mkdir one two && cp -p "$sched" one/sched && cp -p /bin/false two/sched || return
	one() { exits "$1" ktstr verifier --scheduler-bin one/sched --kernel "$key"; }
	one 0 && one 0 && mv one was && mv two one || return
	one 4 && has 'exit status 1' err && mv one two && mv was one && one 0
}

run_tests another_qemu another_firmware another_kvm another_file
