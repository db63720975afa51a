#!/bin/sh
# kvm-host.sh: PID 1 of the emulated machine of tests/long/kvm.sh, which is a host of KVM. busybox is all it has of a shell.
#
# Each run leaves NAME.out, NAME.err and NAME.code in /results, which in the end goes to the virtio port as a tar file.
# shellcheck disable=SC2012,SC2086
export PATH=/bin:/k/out HOME=/root XDG_CACHE_HOME=/cache NO_COLOR=1 LC_ALL=C
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs none /dev/shm
mount -t tmpfs none /tmp
mount -t devpts none /dev/pts
exec </dev/null >/dev/console 2>&1

now() {
	cut -d. -f1 /proc/uptime
}

run() { # NAME COMMAND…
	name=$1 from=$(now)
	shift
	"$@" >/results/$name.out 2>/results/$name.err
	echo $? >/results/$name.code
	echo "$name: exit code $(cat /results/$name.code), $(($(now) - from)) s" | tee -a /results/times
}

# Where QEMU's threads may run, their real-time priority and policy; what is left of the huge pages. Seldom, because every
# process is dear here.
watch_threads() {
	while sleep 3; do
		guest=$(pidof qemu-system-x86_64) || continue
		sed -n 's/^Cpus_allowed_list:.//p' /proc/$guest/task/*/status >/tmp/places
		sed 's/.*) //' /proc/$guest/task/*/stat | cut -d' ' -f38,39 | paste -d' ' /tmp/places - >>/results/threads
		sed -n 's/^HugePages_Free: *//p' /proc/meminfo >>/results/huge
	done
}

for module in irqbypass kvm kvm-amd; do
	insmod /m/$module.ko || echo "$module does not load"
done
echo "up: $(now) s" | tee -a /results/times
verify="ktstr verifier --scheduler-bin /k/scx_ktstr --memory-mb 256 --json"
run probe ktstr-step probe --id probe --store /cache/ktstr/store --out /results/host
run verify $verify --require-kvm
cat /cache/ktstr/store/graphs/*/snapshots/*/machine /cache/ktstr/store/graphs/*/snapshots/*/*/machine >/results/machine 2>/dev/null
printf 'duration 300ms\nsettle 50ms\ncgroup a\nwork a spin n=1\nhold 100%%\nexpect gap.max off\nexpect reaped off\n' >/tmp/t.ktstr
scenario="ktstr run /tmp/t.ktstr --clock real --require-kvm --memory-mb 256 --topology 1,1,1,1 --sidecar-dir /results/side"
run scenario $scenario --scheduler-bin /k/scx_ktstr --expect-line 'iterations >= 1'
cat /cache/ktstr/store/graphs/run-*/tests/t/*/*/seed-1/run.json >/results/run.json
run kept $scenario --scheduler-bin /k/scx_ktstr --expect-line 'iterations >= 1'
run stats ktstr test-stats --dir /results/side
run llcs ktstr shell --topology 1,2,1,1 --memory-mb 256 --accel kvm --exec \
	'cat /sys/devices/system/cpu/cpu*/cache/index3/shared_cpu_list; cat /sys/devices/system/cpu/cpu*/topology/core_cpus_list'
echo 140 >/proc/sys/vm/nr_hugepages
watch_threads &
run perf $verify --require-kvm --perf-mode
kill $!
sed -n 's/^HugePages_Free: *//p' /proc/meminfo >/results/huge-end
run small ktstr shell --topology 1,2,2,1 --memory-mb 256 --perf-mode --exec true
cd /results && tar -c -f - . | cat >/dev/vport0p1
poweroff -f
