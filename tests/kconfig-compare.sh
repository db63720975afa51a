#!/bin/sh
# kconfig-compare.sh: what ktstr.kconfig saves, in CPU time of a build and in time of a boot, against `make defconfig`
# with no more than sched_ext and the tool's probes need; or what some options of it cost. The figures of docs/performance.md
# are its output.
#
#   sh tests/kconfig-compare.sh --source DIR [--work DIR] [--jobs N]    build both, then boot both: most of an hour
#   sh tests/kconfig-compare.sh --work DIR                              boot what was built there before
#   --without 'PSI NUMA_BALANCING'    the other kernel is ktstr.kconfig without these options
#
# RUNS=7 boots of each kind, in turn. x86_64 only. The source tree must be clean ("make mrproper"); nothing is written
# into it. Ratios mean something, provided that the machine was as busy during one build as during the other.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-$root/out}
RUNS=${RUNS:-7}
source='' work='' jobs=$(nproc) without=''
while [ $# -gt 1 ]; do
	case $1 in
	--source) source=$2 ;;
	--work) work=$2 ;;
	--jobs) jobs=$2 ;;
	--without) without=$2 ;;
	*) break ;;
	esac
	shift 2
done
if [ $# -ne 0 ] || [ -z "$source$work" ]; then
	sed -n 's/^# \{0,1\}//; 2,11p' "$0" >&2
	exit 2
fi
work=${work:-$(mktemp -d "${TMPDIR:-/tmp}/kconfig-compare.XXXXXX")}
mkdir -p "$work/base" "$work/ours" "$work/boot"
work=$(cd "$work" && pwd)

against=defconfig
[ -z "$without" ] || against=without

# What the tool checks for after each build, and what these options depend on.
required='BPF_SYSCALL BPF_JIT DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT DEBUG_INFO_BTF SCHED_CLASS_EXT
	FTRACE KPROBES KPROBE_EVENTS BPF_EVENTS'

requests() { # base|ours
	if [ "$1" = base ] && [ -z "$without" ]; then
		for option in $required; do echo "CONFIG_$option=y"; done
		return
	fi
	awk '/^#@only/ { skip = $2 != "x86_64" } /^#@all/ { skip = 0 } !skip && /^(# )?CONFIG_/' "$root/ktstr.kconfig"
	[ "$1" = ours ] || for option in $without; do echo "# CONFIG_$option is not set"; done
}

in_tree() { # base|ours TARGET…
	out=$work/$1
	shift
	env -u MAKEFLAGS -u KCFLAGS LC_ALL=C make -C "$source" O="$out" ARCH=x86 LOCALVERSION= KCFLAGS=-Wno-error "$@"
}

configure() { # base|ours
	in_tree "$1" -s defconfig >"$work/$1.log" 2>&1
	requests "$1" >>"$work/$1/.config"
	in_tree "$1" -s olddefconfig >>"$work/$1.log" 2>&1
	for option in $required; do
		grep -qx "CONFIG_$option=y" "$work/$1/.config" || { echo "$1: CONFIG_$option is lost" >&2; exit 1; }
	done
}

# The second line of `times` is what the children took: "3m1.5s 0m20.25s".
build() { # base|ours: writes "seconds objects"
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1"
	configure "$1"
	(
		in_tree "$1" -j"$jobs" bzImage >>"$work/$1.log" 2>&1 || { tail "$work/$1.log" >&2; exit 1; }
		times
	) >"$work/$1.times"
	awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, "m"); s += t[1] * 60 + t[2] } printf "%.0f\n", s }' \
		"$work/$1.times" >"$work/$1.cpu"
}

ratio() { # BASE OURS
	awk -v b="$1" -v o="$2" 'BEGIN { printf "%.0f %%\n", 100 * o / b }'
}

builds() {
	[ -z "$source" ] || for which in base ours; do
		build $which
	done
	[ -s "$work/base.cpu" ] && [ -s "$work/ours.cpu" ] || return 0
	base=$(cat "$work/base.cpu") ours=$(cat "$work/ours.cpu")
	printf '%-48s %10s %10s %8s\n' '' "$against" ktstr ''
	printf '%-48s %10.1f %10.1f %8s\n' 'build, minutes of CPU (user and system)' \
		"$(echo "$base" | awk '{ print $1 / 60 }')" "$(echo "$ours" | awk '{ print $1 / 60 }')" \
		"$(ratio "$base" "$ours")"
	set -- "$(objects base)" "$(objects ours)"
	printf '%-48s %10s %10s %8s\n' 'files compiled' "$1" "$2" "$(ratio "$1" "$2")"
	set -- "$(size base)" "$(size ours)"
	printf '%-48s %10s %10s %8s\n\n' 'bzImage, KiB' "$1" "$2" "$(ratio "$1" "$2")"
}

objects() {
	grep -cE '^  (CC|AS) ' "$work/$1.log"
}

size() {
	echo $(($(stat -c %s "$work/$1/arch/x86/boot/bzImage") / 1024))
}

prepare_boot() {
	cc -std=gnu17 -D_GNU_SOURCE -static -Os -o "$work/boot/init" "$root/tests/guest-features.c" -lrt
	printf '%s\n' 'dir /proc 0755 0 0' 'dir /sys 0755 0 0' 'dir /dev 0755 0 0' 'nod /dev/console 0600 0 0 c 5 1' \
		"file /init $work/boot/init 0755 0 0" >"$work/boot/list"
	"$work/ours/usr/gen_init_cpio" "$work/boot/list" >"$work/boot/initrd"
	for which in base ours; do
		ln -sf "$work/$which/arch/x86/boot/bzImage" "$work/boot/$which.bzImage"
		# An uncompressed kernel can be entered by its PVH note, a note of Xen's.
		if readelf -n "$work/$which/vmlinux" 2>/dev/null | grep -q Xen; then
			objcopy --strip-debug "$work/$which/vmlinux" "$work/boot/$which.used"
		else
			ln -sf "$work/boot/$which.bzImage" "$work/boot/$which.used"
		fi
	done
}

# guest MACHINE SMP KERNEL: its console on stdout until nobody reads it any more. The options are those of
# runtime/vm/qemu.c without the wires.
guest() {
	exec timeout 300 qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -machine "$1" -bios qboot.rom \
		-accel tcg -cpu max,vendor=GenuineIntel,erms=off,fsrm=off,level-func7=0 -smp "$2" -m 1024 \
		-serial stdio -kernel "$3" -initrd "$work/boot/initrd" \
		-append "console=ttyS0 loglevel=4 panic=-1 rdinit=/init mitigations=off no_timer_check \
			random.trust_cpu=on cryptomgr.notests tsc_early_khz=$tsc tsc=reliable" \
		</dev/null 2>"$work/boot/errors"
}

# until_says WORD MACHINE SMP KERNEL: what the guest said up to the line with that word, to $work/boot/said.
until_says() {
	word=$1
	shift
	rm -f "$work/boot/console"
	mkfifo "$work/boot/console"
	guest "$@" >"$work/boot/console" &
	qemu=$!
	sed "/$word/q" "$work/boot/console" >"$work/boot/said"
	now=$(date +%s%N)
	kill "$qemu" 2>/dev/null || :
	wait "$qemu" 2>/dev/null || :
	grep -q "$word" "$work/boot/said" && return 0
	echo "$3 on $1 does not say $word" >&2
	cat "$work/boot/errors" "$work/boot/said" >&2
	return 1
}

# boot MACHINE SMP KERNEL: milliseconds from the start of QEMU until PID 1 has spoken, and those of CPU that QEMU took meanwhile. In a
# shell of its own, whose children are its QEMU and some that take no time.
boot() {
	from=$(date +%s%N)
	until_says hello "$@" || return
	times >"$work/boot/times"
	awk -v ms=$(((now - from) / 1000000)) 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, "m"); s += t[1] * 60 + t[2] }
		printf "%d %.0f\n", ms, s * 1000 }' "$work/boot/times"
}

# Nothing that a test, tracing or perf needs may be missing from our kernel.
features() {
	until_says 'done' $q35 "$smp" "$work/boot/ours.used"
	printf '\nfeatures of the guest: %s there, %s missing\n' "$(grep -c '^ok ' "$work/boot/said")" \
		"$(grep -c '^missing ' "$work/boot/said" || :)"
	! grep '^missing ' "$work/boot/said"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'
}

boots() { # LABEL MACHINE SMP bzImage|used
	: >"$work/boot/base.ms"
	: >"$work/boot/ours.ms"
	i=0
	while [ $i -lt "$RUNS" ]; do
		i=$((i + 1))
		for which in base ours; do
			(boot "$2" "$3" "$work/boot/$which.$4") >>"$work/boot/$which.ms"
		done
	done
	for column in 1 2; do
		set -- "$1" "$(cut -d' ' -f$column <"$work/boot/base.ms" | median)" "$(cut -d' ' -f$column <"$work/boot/ours.ms" | median)"
		printf '%-48s %10s %10s %8s\n' "$1" "$2" "$3" "$(ratio "$2" "$3")"
		set -- '  the same, CPU time of QEMU'
	done
}

# The same through the tool: a scheduler's cold cell, `start` alone.
cells() {
	[ -x "$O/ktstr" ] && [ -x "$O/sched/scx_ktstr" ] || return 0
	: >"$work/boot/base.ms"
	: >"$work/boot/ours.ms"
	i=0
	while [ $i -lt "$RUNS" ]; do
		i=$((i + 1))
		for which in base ours; do
			"$O/ktstr" -q verifier --scheduler-bin "$O/sched/scx_ktstr" --kernel "$work/$which" --cold --force \
				--accel tcg --json | sed -n 's/^ *"start": \([0-9.]*\),*$/\1/p' >>"$work/boot/$which.ms"
		done
	done
	set -- "$(median <"$work/boot/base.ms")" "$(median <"$work/boot/ours.ms")"
	printf '%-48s %10.0f %10.0f %8s\n' 'boot by ktstr verifier --cold' "$1" "$2" "$(ratio "$1" "$2")"
}

builds
prepare_boot
tsc=$(awk '/^bogomips/ { print int($3 * 500); exit }' /proc/cpuinfo)
q35=q35,smm=off,hpet=off,sata=off,smbus=off,i8042=off,vmport=off,usb=off
smp=cpus=4,sockets=1,dies=2,cores=2,threads=1
echo "boots under TCG, medians of $RUNS, ms until PID 1 speaks"
boots 'microvm, 1 CPU, as used: PVH vmlinux or bzImage' microvm,acpi=on,usb=off 1 used
boots 'microvm, 1 CPU, both as bzImage' microvm,acpi=on,usb=off 1 bzImage
boots 'q35, 4 CPUs in 2 LLCs, as used' $q35 $smp used
boots 'q35, 4 CPUs in 2 LLCs, both as bzImage' $q35 $smp bzImage
cells
features
