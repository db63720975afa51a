#!/bin/sh
# What can be asked before a kernel is fetched and built is asked before: tools, room, and folders that keep nothing.
. "$(dirname "$0")/../lib.sh"
KTSTR_CCACHE=0
export KTSTR_CCACHE

site() {
	sh "$root/tests/fake-linux.sh" linux 6.12.5 && mkdir -p site/v6.x && tar -cJf site/v6.x/linux-6.12.5.tar.xz --transform 's/^linux/linux-6.12.5/' linux &&
		truncate -s 145M site/v6.x/linux-6.12.6.tar.xz && (cd site/v6.x && sha256sum ./*.xz | sed 's|\./||' >sha256sums.asc) || return
	KTSTR_KERNEL_MIRROR=file://$work/site
	export KTSTR_KERNEL_MIRROR
}

nothing_fetched() {
	same '' "$(find cache/ktstr/store/tarballs cache/ktstr/store/sources -type f -size +0 2>/dev/null)" 'fetched for nothing'
}

tools() {
	site && mkdir bin || return
	for program in sh ninja make git bc flex bison; do
		ln -s "$(command -v $program)" bin/ || return
	done
	exits 23 env PATH="$work/bin" "$O/ktstr" kernel build 6.12.5 && has gcc err && has apt-get err && nothing_fetched || return
	exits 0 ktstr kernel build 6.12.5
}

room() {
	may_mount || return 0
	site && mkdir small || return
	# shellcheck disable=SC2016 # the inner shell's
	exits 15 own_mounts sh -c 'mount -t tmpfs -o size=300m none small && KTSTR_STORE=small/s ktstr kernel build 6.12.6; code=$?
		find small/s/tarballs -type f -size +0; exit $code' && same '' "$(cat out)" fetched && has 'MB free' err && has KTSTR_STORE err || return
	exits 15 own_mounts sh -c 'mount -t tmpfs -o size=1m none small && KTSTR_CACHE_DIR=small/k exec ktstr kernel build 6.12.5' &&
		has 'MB are free' err && has KTSTR_CACHE_DIR err && nothing_fetched
}

kernel_cache() {
	site && : >file || return
	exits 14 env KTSTR_CACHE_DIR="$work/file" ktstr kernel build 6.12.5 && has KTSTR_CACHE_DIR err && nothing_fetched || return
	exits 14 env KTSTR_CACHE_DIR=/proc/none ktstr kernel build --source linux && has KTSTR_CACHE_DIR err || return
	may_mount || return 0
	mkdir k && exits 14 own_mounts sh -c 'mount -t tmpfs -o ro none k && KTSTR_CACHE_DIR=k exec ktstr kernel build 6.12.5' &&
		has 'no kernel can be added to' err && has Read-only err && has KTSTR_CACHE_DIR err && nothing_fetched
}

# One that was good once and then moved, was mounted anew, or is a container's.
store_that_was_good() {
	sh "$root/tests/fake-linux.sh" linux && exits 0 ktstr kernel build --source linux && gcc -o refuse "$root/tests/refuse.c" || return
	for call in fchmodat fsync flock; do
		echo "/* $call */" >>linux/init/main.c
		exits 14 ./refuse EPERM $call -- ktstr kernel build --source linux && has 'its file system refuses' err && has KTSTR_STORE err &&
			hasnt build err || return
	done
	may_mount || return 0
	# Neither the graph that is there nor another one.
	for force in '' --force; do
		exits 14 own_mounts sh -c "mount --bind cache/ktstr/store cache/ktstr/store && mount -o remount,ro,bind cache/ktstr/store &&
			exec ktstr kernel build --source linux $force" && has Read-only err && has KTSTR_STORE err && hasnt failed err || return
	done
}

run_tests tools room kernel_cache store_that_was_good
