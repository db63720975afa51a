#!/bin/sh
# A QEMU that is there, of a good version, and lacks a part or is to blame for a panic.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
case $(uname -m) in x86_64) ;; *) echo '1..0 # SKIP microvm is of x86_64'; exit 0 ;; esac
qemu=$(command -v qemu-system-x86_64)
KTSTR_STORE=$base/store
export KTSTR_STORE

# wrapper CASE: a QEMU that does what it says for those arguments, and is the real one otherwise
wrapper() {
	rm -rf "$KTSTR_STORE"
	mkdir -p bin && printf '#!/bin/sh\ncase "$*" in %s; esac\nexec %s "$@"\n' "$1" "$qemu" >bin/qemu-system-x86_64 &&
		chmod +x bin/qemu-system-x86_64 && PATH=$work/bin:$PATH
}

# One LLC is a q35 then; doctor says what is missing.
no_microvm() {
	wrapper '*microvm*) echo "unsupported machine type: microvm" >&2; exit 1;' || return
	exits 7 ktstr -q shell --kernel "$key" --exec 'exit 7' || return
	grep -rqx 'machine q35' "$KTSTR_STORE"/objects || fail 'no q35' || return
	ktstr doctor >out 2>&1
	has 'machine microvm is missing' out
}

no_file() {
	mkdir data && wrapper "'-L help') echo $work/data; exit 0;" || return
	exits 19 ktstr -q shell --kernel "$key" --exec true && has 'pvh.bin is missing' err && : >data/pvh.bin || return
	exits 7 ktstr -q shell --kernel "$key" --exec 'exit 7' && grep -rqx 'machine q35-seabios' "$KTSTR_STORE"/objects
}

# What was not asked for before shows when it is started.
another_part() {
	wrapper '*socket*) echo "qemu-system-x86_64: failed to find romfile \"linuxboot_dma.bin\"" >&2; exit 1;' || return
	exits 19 ktstr -q shell --kernel "$key" --exec true && has 'lacks a part' err
}

# Emulated vCPUs side by side may trip over text that Linux has just patched. In turns they cannot.
panics_in_parallel() {
	# shellcheck disable=SC2016 # for that sh
	wrapper '*thread=single*) ;; *chardev\ socket,id=console,fd=*) fd=${*##*id=console,fd=};
		perl -e "open(my \$f, q(>&=), \$ARGV[0]); syswrite \$f, qq(Kernel panic - not syncing: made up\n)" "${fd%% *}";' || return
	exits 7 ktstr shell --kernel "$key" --topology 1,1,2,1 --exec 'exit 7' && has 'made up; it boots again with vCPUs that take turns' err || return
	exits 7 ktstr -q shell --kernel "$key" --topology 1,1,2,1 --exec 'exit 7' && same '' "$(cat err)" stderr || return
	# One vCPU has nobody to take turns with, and so it is the guest that panicked.
	exits 6 ktstr -q shell --kernel "$key" --exec true && has 'guest panicked: made up' err && hasnt 'take turns' err
}

run_tests no_microvm no_file another_part panics_in_parallel
