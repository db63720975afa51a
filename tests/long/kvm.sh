#!/bin/sh
# KVM on a machine without KVM: QEMU emulates an AMD host well enough to run KVM in it, nested paging and all. In there
# (tests/kvm-host.sh) everything is as on a real host, but for the speed. KVM_HOST_KEEP=DIR keeps what came out.
. "$(dirname "$0")/../lib.sh"
[ "$(uname -m)" = x86_64 ] || { echo '1..0 # SKIP emulates a PC'; exit; }
use_shared_cache
host_kernel=$(sh "$root/tests/fetch-kernel.sh" --modules) || { echo '1..0 # SKIP no kernel with modules'; exit 1; }
key=$(sh "$root/tests/test-kernel.sh") || { echo '1..0 # SKIP no test kernel'; exit 1; }
sched=$O/sched/scx_ktstr
host=$base/host
results=$base/results
kernels=$shared/ktstr/kernels
shared=
mkdir -p "$host" "$results"

# A file of the fetched packages.
from_packages() { # NAME
	for deb in $host_kernel; do
		name=$(dpkg-deb -c "$deb" | awk -v name="/$1" 'substr($6, length($6) - length(name) + 1) == name && !n++ { print $6 }')
		[ -z "$name" ] || { dpkg-deb --fsys-tarfile "$deb" | tar -xO "$name" && return; }
	done
	fail "no $1 in $host_kernel"
}

# With the shared libraries it needs, where it looks for them.
program() { # FILE FOLDER
	mkdir -p "$host/$2" && cp -L "$1" "$host/$2/" || return
	for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
		mkdir -p "$host$(dirname "$library")" && cp -Ln "$library" "$host$library" || return
	done
}

modules() {
	for module in irqbypass kvm kvm-amd; do
		from_packages "$module.ko.xz" | xz -d >"$host/m/$module.ko" || return
	done
}

firmware() {
	mkdir -p "$host/usr/share/qemu" "$host/usr/share/seabios" && (cd /usr/share/qemu && cp -L ./*.bin qboot.rom "$host$PWD") &&
		cp -L /usr/share/seabios/bios*.bin "$host/usr/share/seabios/"
}

# The host gets what our store has of kernel and scheduler: unpacking a kernel there would take a minute.
make_host() {
	(cd "$host" && mkdir -p bin dev proc sys tmp m root results) || return
	cp "$root/tests/kvm-host.sh" "$host/init" && chmod 755 "$host/init" || return
	for applet in $(busybox --list); do
		ln -sf busybox "$host/bin/$applet"
	done
	rm -f "$host/bin/busybox" && cp -L "$(command -v busybox)" "$host/bin/busybox" || return
	program "$(command -v qemu-system-x86_64)" bin && program "$(command -v ninja)" bin && program "$sched" k || return
	for own in ktstr ktstr-step ktstr-source ktstr-init ktstr-engine; do
		program "$O/$own" k/out || return
	done
	cp "$O/ktstr-idle.so" "$host/k/out/" || return
	cp -r "$root/rules" "$root/ktstr.kconfig" "$host/k/" && modules && firmware && mkdir -p "$host/cache/ktstr/store" &&
		cp -r "$XDG_CACHE_HOME/ktstr/kernels" "$host/cache/ktstr/" &&
		cp -r "$XDG_CACHE_HOME/ktstr/store/format" "$XDG_CACHE_HOME/ktstr/store/objects" "$host/cache/ktstr/store/" || return
	for state in "$host"/cache/ktstr/store/objects/*/*/state; do
		[ ! -e "$state" ] || rm -rf "$(dirname "$state")"
	done
	(cd "$host" && find . | cpio -o -H newc --quiet) >"$base/initrd"
}

# The processor is a Zen 3; xlevel: with the leaves in which AMD tells of caches. 4 CPUs: three guests' and one to spare.
boot_host() {
	khz=$(sed -n 's/^tsc_khz //p' "$base/probe/probe") && from_packages vmlinuz >"$base/vmlinuz" || return
	timeout -k 10 "${KVM_HOST_S:-1500}" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
		-machine q35,smm=off,hpet=off,sata=off,smbus=off,i8042=off,vmport=off,usb=off -bios qboot.rom \
		-accel tcg,thread=multi,tb-size=512 -cpu max,+svm,+npt,family=25,model=1,xlevel=0x8000001e -smp 4 -m 3G \
		-kernel "$base/vmlinuz" -initrd "$base/initrd" -append "console=ttyS0 loglevel=4 panic=-1 reboot=t rdinit=/init \
		mitigations=off no_timer_check tsc_early_khz=$khz tsc=reliable random.trust_cpu=on cryptomgr.notests" \
		-serial "file:$base/console" -device virtio-serial-pci -chardev "file,id=results,path=$base/results.tar" \
		-device virtserialport,chardev=results,name=results </dev/null
	tar -xf "$base/results.tar" -C "$results" && return
	tail -n 50 "$base/console"
	fail 'the emulated host did not get to its end'
}

# What the same cell comes to under emulation, here.
reference() {
	XDG_CACHE_HOME=$base/cache
	mkdir -p "$XDG_CACHE_HOME/ktstr/kernels" && cp -r "$kernels/$key" "$XDG_CACHE_HOME/ktstr/kernels/" &&
		ktstr-step probe --id probe --store "$XDG_CACHE_HOME/ktstr/store" --out "$base/probe" &&
		ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" --memory-mb 256 --accel tcg --json >"$results/tcg.out"
}

host_runs_and_ends() {
	reference && make_host && boot_host && cat "$results/times"
}

ended() { # NAME CODE
	same "$2" "$(cat "$results/$1.code")" "exit code of $1" || { cat "$results/$1.err"; return 1; }
}

probe_says_usable() {
	ended probe 0 && same 'kvm works' "$(sed -n 1p "$results/host/probe")"
}

# Booted, saved, continued, its memory read: the snapshot says what it is of.
attached_in_a_restored_guest() {
	ended verify 0 && has '"verdict": "attached"' "$results/verify.out" && has '"accel": "kvm"' "$results/verify.out" &&
		has 'accel kvm' "$results/machine" && has 'host_cpu AuthenticAMD-25-1-' "$results/machine" &&
		hasnt 'could not be continued' "$results/verify.err"
}

counts() {
	grep -E '"(name|verified_insns)"' "$1"
}

same_counts_as_emulated() {
	counts "$results/tcg.out" >want && [ -s want ] && counts "$results/verify.out" | diff want - &&
		counts "$results/perf.out" | diff want -
}

# A counter's value, in the only vCPU there is.
counter() { # NAME
	sed -n "s/^ *\"$1\": \([0-9]*\),*$/\1/p" "$results/verify.out"
}

kvm_counted() {
	same 1 "$(grep -c '"per_vcpu"' "$results/verify.out")" 'lists of counters' && hasnt per_vcpu "$results/tcg.out" || return
	for name in exits irq_exits pf_taken; do
		[ "$(counter $name)" -gt 0 ] || fail "$name: '$(counter $name)'" || return
	done
	# What a report over many runs asks for.
	for name in halt_exits halt_wait_ns halt_successful_poll halt_attempted_poll preemption_reported signal_exits hypercalls; do
		[ -n "$(counter $name)" ] || fail "no $name" || return
	done
	[ "$(counter exits)" -ge "$(counter irq_exits)" ] || fail 'more exits by interrupts than exits'
}

# Under KVM figures count, what passed by a real clock is kept, and its sidecar has what KVM counted.
scenario_by_a_real_clock() {
	ended scenario 0 && has 'PASS t ' "$results/scenario.out" && grep -qE '"host":\{"accel":"kvm","stolen_ns":[0-9]+,"kvm_stats":' "$results/run.json" &&
		ended kept 0 && hasnt ' run t ' "$results/kept.err" && ended stats 0 && has '=== KVM STATS' "$results/stats.out" &&
		has '  ktstr_enqueue ' "$results/stats.out"
}

# An AMD processor tells of its caches in leaves of its own.
two_llcs_seen() {
	ended llcs 0 && same "$(printf '0\n1\n0\n1')" "$(cat "$results/llcs.out")" 'LLCs and cores'
}

performance_mode() {
	ended perf 0 && has '"accel": "kvm"' "$results/perf.out" || return
	sed -n '/"perf_mode"/,/\]$/p' "$results/perf.out" | tr -d ' \n' >mode
	vcpu=$(sed -n 's/.*"vcpus":\[\([0-9]*\)\].*/\1/p' mode) service=$(sed -n 's/.*"service":\([0-9]*\).*/\1/p' mode)
	[ "$vcpu" != "$service" ] && has '"huge_pages":true,"fifo":true' mode && hasnt SCHED_FIFO mode || return
	# CPU, real-time priority, policy (1 is SCHED_FIFO) of the vCPU and of the rest.
	sort -u "$results/threads"
	grep -qx "$vcpu 1 1" "$results/threads" && grep -qx "$service 2 1" "$results/threads" || return
	# The 128 pages of its 256 MB came out of the pool and went back.
	same 140 "$(cat "$results/huge-end")" 'huge pages free in the end' || return
	[ "$(sort -n "$results/huge" | head -n 1)" -lt 140 ] || fail 'no huge page was used'
}

host_too_small() {
	ended small 29 && has 'need 5 CPUs (4 across 2 LLCs + 1 service) but only 4 host CPUs available' "$results/small.err"
}

run_tests host_runs_and_ends probe_says_usable attached_in_a_restored_guest same_counts_as_emulated kvm_counted \
	scenario_by_a_real_clock two_llcs_seen performance_mode host_too_small
[ ! -s "$results/times" ] || sed 's/^/# /' "$results/times"
[ -z "${KVM_HOST_KEEP-}" ] || cp -r "$results" "$base/console" "$KVM_HOST_KEEP"
