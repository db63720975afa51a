#!/bin/sh
# What only shows with a real kernel, a real package, or the lack of a program.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
sched=$O/sched/scx_ktstr
image_deb=$(sh "$root/tests/fetch-kernel.sh" | while read -r deb; do
	dpkg-deb -c "$deb" | grep -q vmlinuz && echo "$deb"
done)

# A store and a kernel cache of this test's own, with the shared kernel in it.
own_cache() {
	XDG_CACHE_HOME=$work/cache
	mkdir -p "$XDG_CACHE_HOME/ktstr"
	cp -r "$shared/ktstr/kernels" "$XDG_CACHE_HOME/ktstr/"
}

# PATH with these programs only.
only() {
	mkdir -p bin
	for program in "$@"; do
		ln -sf "$(command -v "$program")" "bin/$program"
	done
	PATH=$work/bin
}

truncated_package() {
	own_cache
	head -c 1000000 "$image_deb" >half.deb
	before=$(ls "$XDG_CACHE_HOME/ktstr/kernels")
	exits 13 ktstr kernel import half.deb && has 'half.deb' err && has 'damaged' err &&
		same "$before" "$(ls "$XDG_CACHE_HOME/ktstr/kernels")" entries &&
		same '' "$(ls "$XDG_CACHE_HOME/ktstr/store/drafts")" drafts
}

truncated_image() {
	dpkg-deb --fsys-tarfile "$image_deb" | tar -xO --wildcards '*/vmlinuz*' | head -c 5000000 >vmlinuz
	exits 13 ktstr verifier --scheduler-bin "$sched" --kernel ./vmlinuz && has 'vmlinuz' err
}

no_sched_ext() {
	mkdir -p pkg/DEBIAN pkg/boot
	printf 'Package: linux-image-none\nVersion: 1\nArchitecture: amd64\nMaintainer: none\nDescription: none\n' \
		>pkg/DEBIAN/control
	release=$(basename "$(dpkg-deb --fsys-tarfile "$image_deb" | tar -t | grep -m1 'modules/.*/$')")
	dpkg-deb --fsys-tarfile "$image_deb" | tar -xO --wildcards '*/vmlinuz*' >"pkg/boot/vmlinuz-$release"
	printf 'CONFIG_BPF=y\n# CONFIG_SCHED_CLASS_EXT is not set\n' >"pkg/boot/config-$release"
	dpkg-deb -Znone --build pkg none.deb >/dev/null || return
	exits 12 ktstr kernel import none.deb && has 'SCHED_CLASS_EXT' err
}

no_qemu() {
	everything=$PATH
	only ninja sh strip
	exits 19 "$O/ktstr" verifier --scheduler-bin "$sched" --kernel "$key" --memory-mb 1025
	code=$?
	PATH=$everything
	[ $code = 0 ] && has 'qemu-system-x86' err
}

# The probe's verdict and the exit code of asking for KVM must agree.
kvm_asked_for() {
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" >/dev/null 2>&1
	state=$(sed -n 's/^kvm //p' "$XDG_CACHE_HOME"/ktstr/store/graphs/verifier-scx_ktstr-*/host/*/probe | tail -n 1)
	case $state in
	works) exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --accel kvm && has 'accelerator kvm' out ;;
	missing | forbidden) exits 16 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --accel kvm && has /dev/kvm err ;;
	broken) exits 17 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --accel kvm && has 'tcg' err ;;
	*) fail "the probe says '$state'" ;;
	esac
}

no_dev_kvm() {
	may_mount || return 0
	own_cache
	mkdir -p dev/shm
	touch dev/null dev/zero dev/urandom
	# shellcheck disable=SC2016 # for the inner shell
	exits 16 own_mounts sh -c 'for d in null zero urandom shm; do mount --rbind /dev/$d dev/$d || exit 99; done
		mount --rbind dev /dev && exec "$@"' sh \
		ktstr verifier --scheduler-bin "$sched" --kernel "$key" --accel kvm && has /dev/kvm err
}

full_disk() {
	may_mount || return 0
	mkdir small
	# shellcheck disable=SC2016 # for the inner shell
	XDG_CACHE_HOME=$work/small KTSTR_CACHE_DIR=$shared/ktstr/kernels own_mounts sh -c '
		mount -t tmpfs -o size=20m none small || exit 99
		"$@" >out 2>err
		code=$?
		ls small/ktstr/store/drafts small/ktstr/store/locks
		exit $code' sh ktstr verifier --scheduler-bin "$sched" --kernel "$key" >left
	same 15 $? 'exit code' || { cat err; return 1; }
	has 'No space left on device' err && hasnt "$key" left && same 2 "$(grep -c : left)" 'folders without anything'
}

unreadable_store() {
	mkdir locked
	chmod 0 locked
	[ "$(id -u)" != 0 ] || { # root may do everything: a read-only mount stops it as well
		may_mount || return 0
		mkdir ro
		# shellcheck disable=SC2016 # for the inner shell
		KTSTR_STORE=$work/ro exits 14 own_mounts sh -c 'mount -t tmpfs -o ro none ro && exec "$@"' sh \
			ktstr verifier --scheduler-bin "$sched" --kernel "$key"
		return
	}
	KTSTR_STORE=$work/locked exits 14 ktstr verifier --scheduler-bin "$sched" --kernel "$key"
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests truncated_package truncated_image no_sched_ext no_qemu kvm_asked_for no_dev_kvm full_disk unreadable_store nothing_left
