#!/bin/sh
# doctor: each thing it looks for hidden, too old, or broken in turn, and what it says. The programs are made up, so that
# it does not matter what this machine has; of its own there are a compiler and what a shell script needs.
. "$(dirname "$0")/../lib.sh"

unset ARCH CROSS_COMPILE LLVM CARGO
machine=$(uname -m)

# program NAME WORDS [EXIT-CODE]
program() {
	printf '#!/bin/sh\necho "%s"\nexit %s\n' "$2" "${3-0}" >"bin/$1" && chmod +x "bin/$1"
}

machine() {
	rm -rf bin cache
	[ ! -d "$base/bin" ] || { cp -a "$base/bin" bin; return; }
	mkdir -p bin
	for tool in sh cat gcc ar nm strip objcopy as; do
		ln -s "$(command -v $tool)" bin/ || return
	done
	program "qemu-system-$machine" 'QEMU emulator version 7.2.22' && program ninja 1.11.1 && program make 'GNU Make 4.3' &&
		program pahole v1.24 && program flex 'flex 2.6.4' && program bison 'bison (GNU Bison) 3.8.2' &&
		program bc 'bc 1.07.1' && program ld 'GNU ld (GNU Binutils) 2.40' && program clang-16 'clang version 16.0.6' &&
		program busybox 'BusyBox v1.35.0 multi-call binary' && program git 'git version 2.39.5' &&
		program gpgv 'gpgv (GnuPG) 2.2.40' && program ccache 'ccache version 4.7.5' || return
	cat >bin/cargo <<-'END'
		#!/bin/sh
		case $1 in
		--version) echo 'cargo 1.80.0' ;;
		nextest | llvm-cov) command -v "cargo-$1" >/dev/null || exit 101; echo "cargo-$1 0.9.1" ;;
		esac
	END
	chmod +x bin/cargo && program cargo-nextest x && program cargo-llvm-cov x && cp -a bin "$base/bin"
}

# doctor CODE: the report in out, as JSON in json
doctor() {
	PATH=$work/bin exits "$1" "$O/ktstr" doctor --json && cp out json && PATH=$work/bin exits "$1" "$O/ktstr" doctor
}

# finding NAME LEVEL WORDS FIX: the report has it, with these words in its text and in its fix, or without any.
finding() {
	awk -v name="$1" -v level="$2" -v words="$3" -v fix="$4" '
		function text(line) { # of a member; nothing for null
			if (!sub(/^ *"[a-z]+": "/, "", line)) return ""
			sub(/",?$/, "", line)
			gsub(/\\"/, "\"", line)
			return line
		}
		/^ +"fix": / { its_fix = text($0) }
		/^ +"level": / { its_level = text($0) }
		/^ +"name": / { its_name = text($0) }
		/^ +"text": / && its_name == name {
			print its_level ": " text($0) ": " its_fix
			if (its_level == level && index(text($0), words) && (fix == "" ? its_fix == "" : index(its_fix, fix))) found = 1
		}
		END { exit !found }' json >findings || { cat findings; fail "$1: no $2 '$3', '$4'"; }
}

# Nothing this machine is to blame for: memory, disk, accelerator and kernel may be anything.
all_there() {
	machine && PATH=$work/bin "$O/ktstr" doctor --json >json || return
	for name in "qemu-system-$machine:qemu" ninja make pahole flex bison bc gcc ld busybox cargo nextest llvm-cov git gpgv ccache \
		clang store "kernel cache" processors; do
		finding "${name#*:}" ok '' '' || return
	done
	finding qemu ok '7.2.22; CPUs of an emulated guest take turns' '' && finding kernel warn 'there is no kernel' 'cargo ktstr kernel build' || return
	# Looking leaves nothing behind.
	[ ! -e cache ]
}

# hidden PROGRAM NAME LEVEL CODE WORDS FIX
hidden() {
	echo "without $1"
	machine && rm "bin/$1" && doctor "$4" && finding "$2" "$3" "$5" "$6" && has "$5" out && has "$6" out
}

each_hidden() {
	hidden "qemu-system-$machine" qemu fail 19 'not installed' 'apt-get install qemu-system-' &&
		hidden ninja ninja fail 18 'not installed' 'apt-get install ninja-build' &&
		hidden make make fail 23 'kernel build' 'apt-get install make' &&
		hidden gcc gcc fail 23 'kernel build' 'apt-get install gcc' &&
		hidden ld ld fail 23 'kernel build' 'apt-get install binutils' &&
		hidden objcopy objcopy fail 23 'kernel build' 'apt-get install binutils' &&
		hidden pahole pahole fail 23 'kernel build' 'apt-get install dwarves' &&
		hidden flex flex fail 23 'kernel build' 'apt-get install flex' &&
		hidden bison bison fail 23 'kernel build' 'apt-get install bison' &&
		hidden bc bc fail 23 'kernel build' 'apt-get install bc' &&
		hidden clang-16 clang warn 0 'schedulers' 'apt-get install clang-16' &&
		hidden cargo cargo warn 0 'test and coverage' 'rustup' &&
		hidden cargo-nextest nextest warn 0 'test and coverage' 'cargo install cargo-nextest --locked' &&
		hidden cargo-llvm-cov llvm-cov warn 0 'coverage' 'cargo install cargo-llvm-cov --locked' &&
		hidden busybox busybox warn 0 'shell' 'apt-get install busybox-static' &&
		hidden git git warn 0 'not installed' 'apt-get install git' &&
		hidden gpgv gpgv warn 0 'signatures' 'apt-get install gpgv' &&
		hidden ccache ccache warn 0 'slower' 'apt-get install ccache'
}

# The first failure decides: QEMU comes before make.
several_hidden() {
	machine && rm bin/make "bin/qemu-system-$machine" bin/cargo && doctor 19 && finding make fail '' make &&
		finding nextest warn '' nextest && grep -q '^[0-9]* ok, [0-9]* to look at, 2 failed$' out && has '"healthy": false' json
}

too_old() {
	machine && program ninja 1.8.2 && doctor 18 && finding ninja fail '1.11 or later' ninja || return
	machine && program make 'GNU Make 3.82' && doctor 23 && finding make fail '4.0 or later' make || return
	machine && program pahole v1.15 && doctor 23 && finding pahole fail '1.16 or later' dwarves || return
	machine && program "qemu-system-$machine" 'QEMU emulator version 8.1.0' && doctor 0 &&
		finding qemu ok '8.1.0; it has no seccomp sandbox' '' && hasnt turns out || return
	program "qemu-system-$machine" 'QEMU emulator version 8.1.0, and of its help: -sandbox on[,obsolete=allow|deny]' &&
		doctor 0 && finding qemu ok 8.1.0 '' && hasnt 'seccomp sandbox' out || return
	machine && program "qemu-system-$machine" 'QEMU emulator version 6.2.0' && doctor 0 && finding qemu warn '7.2 or later' qemu || return
	machine && rm bin/clang-16 && program clang-14 'clang version 14.0.6' && doctor 0 && finding clang warn '16 or later' clang-16
}

broken() {
	machine && program ninja 'cannot find libfoo' 127 && doctor 18 && finding ninja fail 'exit status 127' ninja || return
	machine && program make 'what?' && doctor 23 && finding make fail 'what?: 4.0 or later' make || return
	machine && chmod -x bin/bison && doctor 23 && finding bison fail 'not installed' bison || return
	machine && printf 'echo\0' >bin/bc && chmod +x bin/bc && doctor 23 && finding bc fail '' bc || return
	# Whatever a program says, it is no command to the terminal.
	machine && program git "$(printf 'git \033[31mversion 2.39.5')" && doctor 0 && ! grep -q "$(printf '\033')" out
}

toolchains() {
	machine && LLVM=-16 doctor 23 && finding ld.lld-16 fail 'kernel build' 'apt-get install lld-16' &&
		finding clang-16 ok 16.0.6 '' || return
	machine && ARCH=mips doctor 2 && finding toolchain fail ARCH=mips 'unset ARCH' || return
	machine && CROSS_COMPILE=none- doctor 23 && finding none-gcc fail 'kernel build' CROSS_COMPILE
}

folders() {
	machine && : >file && KTSTR_STORE=./file doctor 14 && finding store fail file KTSTR_STORE || return
	KTSTR_CACHE_DIR=$work/file doctor 14 && finding 'kernel cache' fail file KTSTR_CACHE_DIR || return
	KTSTR_STORE=$work/file/below doctor 14 && finding store fail below 'KTSTR_STORE' || return
	mkdir -p cache/ktstr/kernels/junk cache/ktstr/kernels/good && echo >cache/ktstr/kernels/good/bzImage &&
		printf '{"source": "local", "arch": "%s", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z"}\n' "$machine" \
			>cache/ktstr/kernels/good/metadata.json || return
	doctor 0 && finding 'kernel cache' warn '1 of 2 kernels' 'kernel clean --corrupt' && finding kernel ok good '' || return
	ktstr-step initramfs --store cache/ktstr/store --out made --init "$O/ktstr-init" || return
	doctor 0 && finding store ok '1 results' '' || return
	object=$(echo cache/ktstr/store/objects/*/*) && rm -f "$object"/initramfs* && doctor 0 &&
		finding store warn '1 of 1 results' 'cache verify --repair'
}

# A kernel cache that others fill.
readonly_cache() {
	may_mount || return 0
	machine && mkdir -p kernels/good && echo >kernels/good/bzImage &&
		printf '{"source": "local", "arch": "%s", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z"}\n' "$machine" \
			>kernels/good/metadata.json || return
	# shellcheck disable=SC2016 # for the inner shell
	own_mounts sh -c 'mount --bind kernels kernels && mount -o remount,bind,ro kernels &&
		PATH=$1/bin KTSTR_CACHE_DIR=$1/kernels "$O/ktstr" doctor --json >json; echo $? >code' sh "$work"
	same 0 "$(cat code)" 'exit code' && finding 'kernel cache' warn '1 kernel can be used' KTSTR_CACHE_DIR
}

# A store without room for a file.
full_disk() {
	may_mount || return 0
	machine && mkdir store || return
	# shellcheck disable=SC2016 # for the inner shell
	own_mounts sh -c 'mount -t tmpfs -o size=1m tmpfs store && dd if=/dev/zero of=store/full bs=64k 2>/dev/null
		PATH=$1/bin KTSTR_STORE=$1/store "$O/ktstr" doctor --json >json; echo $? >code' sh "$work"
	same 15 "$(cat code)" 'exit code' && finding store fail 'No space left' KTSTR_STORE && finding disk fail 'GB are free' 'cache gc'
}

# On a narrow terminal lines are broken between words, and only paths go over the edge.
narrow() {
	machine && rm bin/ninja && PATH=$work/bin:$PATH COLUMNS=60 python3 -c 'import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' env PATH="$work/bin" "$O/ktstr" doctor >out
	same 18 $? 'exit code' && tr -d '\r' <out >lines && awk 'length > 60 && !/\// { print; bad = 1 } END { exit bad }' lines &&
		has 'fix: apt-get install ninja-build' lines
}

# A program that never answers: the stop comes through.
interrupted() {
	machine && printf '#!/bin/sh\nsleep 100\n' >bin/ninja && ln -s "$(command -v sleep)" bin/ || return
	PATH=$work/bin "$O/ktstr" doctor >out 2>err &
	pid=$!
	within 30 asleep && kill -TERM $pid || return
	wait $pid
	same 130 $? 'exit code' && within 10 no_leftovers
}

asleep() {
	for p in /proc/[0-9]*; do
		grep -qzxF "KTSTR_TEST_RUN=$KTSTR_TEST_RUN" "$p/environ" 2>/dev/null && grep -qx sleep "$p/comm" 2>/dev/null && return
	done
	return 1
}

no_leftovers() {
	! asleep
}

export O
# A QEMU of a good version that was packaged without some of its parts.
# Where there is no other, Red Hat's place is looked into.
red_hat() {
	may_mount || return 0
	machine && mkdir -p place && mv "bin/qemu-system-$machine" place/qemu-kvm || return
	doctor 19 && finding qemu fail 'not installed' apt-get || return
	# shellcheck disable=SC2016 # for the inner shell
	own_mounts sh -c 'mount --bind place /usr/libexec && PATH=$PWD/bin exec "$0" doctor --json' "$O/ktstr" >json && finding qemu ok 7.2.22 ''
}

parts_of_qemu() {
	[ "$machine" = x86_64 ] || return 0
	for lacks in microvm qboot.rom pvh.bin q35 virtserialport; do
		machine && mkdir -p data && : >data/qboot.rom && : >data/pvh.bin || return
		rm -f "data/$lacks"
		cat >bin/qemu-system-x86_64 <<-END
			#!/bin/sh
			case "$lacks \$*" in
			microvm*-machine*) echo "qemu-system-x86_64: unsupported machine type: microvm" >&2; exit 1 ;;
			*"-L help") echo "$work/data" ;;
			q35*"-machine help") echo "Supported machines are:"; echo "pc-q35-9.0 no such alias" ;;
			virtserialport*"-device help") echo 'name "virtio-serial-pci", bus PCI' ;;
			*--version) echo "QEMU emulator version 10.0.2" ;;
			*) echo "microvm-machine options:" ;;
			esac
		END
		chmod +x bin/qemu-system-x86_64
		case $lacks in
		q35 | virt*) doctor 19 && finding 'qemu parts' fail "$lacks" 'apt-get install' ;;
		pvh.bin) doctor 19 && finding 'qemu parts' fail "$lacks" 'apt-get install qemu-system-data' ;;
		*) doctor 0 && finding 'qemu parts' warn "$lacks" 'apt-get install' ;;
		esac || return
	done
}

run_tests all_there each_hidden several_hidden too_old broken toolchains folders full_disk narrow interrupted parts_of_qemu red_hat readonly_cache
