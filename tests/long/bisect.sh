#!/bin/sh
# bisect in guests: over kernels of the distribution, of which some refuse the scheduler, and over twenty commits of a scheduler; then once more, when
# everything is known. What it says goes to the output, for docs/performance.md.
#
# RELEASES: the kernels, the oldest first; the first takes the scheduler of this repository, the last one refuses it.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
: "${RELEASES:=7.0.4 7.0.7 7.0.9 7.0.10 7.0.12 7.0.13 7.1.3 7.1.7 7.1.8 7.1.13}"

# What it said, as comments.
tell() {
	sed 's/^/# /' err out >&3
}

# Packages of the distribution's kernels, a folder each; fetched once.
packages=$shared/ktstr/distro/releases
fetch() { # RELEASE
	[ ! -e "$packages/$1/whole" ] || return 0
	mkdir -p "$packages/$1" && apt_private_open "$packages/lists" alone trixie-backports forky sid || return
	flavour=cloud-$(dpkg --print-architecture)
	names=$(apt-cache -c "$apt_conf" pkgnames linux- | grep -E "^linux-(image|binary|base)-$1\+deb[0-9.]+-$flavour\$")
	# shellcheck disable=SC2086 # names of packages
	(cd "$packages/$1" && timeout 600 apt-get -c "$apt_conf" -qq download $names) && : >"$packages/$1/whole"
}
# shellcheck source=../apt-private.sh
. "$root/tests/apt-private.sh"

kernels() {
	for release in $RELEASES; do
		fetch "$release" || fail "no kernel $release" || return
		KTSTR_CACHE_DIR=$work/kernels exits 0 ktstr -q kernel import "$packages/$release"/*.deb || return
	done
	# Each in a store of its own, from nothing.
	KTSTR_CACHE_DIR=$work/kernels KTSTR_STORE=$work/store
	export KTSTR_CACHE_DIR KTSTR_STORE
	for what in cgroup_steady ''; do
		for time in cold again; do
			# shellcheck disable=SC2086 # none or one
			exits 0 ktstr bisect $what --scheduler-bin "$O/sched/scx_ktstr" --good "${RELEASES%% *}" --bad "${RELEASES##* }" --log "$time.log" &&
				has '7.1.3+deb13-cloud-amd64 is the first bad kernel' out && tell || return
		done
		cmp cold.log again.log || fail 'it came to something else' || return
	done
	# The cell that failed is the same question.
	cell=$(cd "$KTSTR_STORE"/graphs && ls -d run-*/tests/cgroup_steady/"${RELEASES##* }"*/*) || fail 'no cell' || return
	exits 0 ktstr bisect "${cell#*/tests/}" --good "${RELEASES%% *}" && has '7.1.3+deb13-cloud-amd64 is the first bad kernel' out && tell
}

# A scheduler of one queue; from the ninth commit on one thread in four gets into another that nobody looks into. The two behind that, in the middle,
# do not compile.
source_of() { # COMMIT
	queue=0
	[ "$1" -lt 9 ] || queue='(((struct task_struct___pid *)p)->pid & 3) == 3'
	cat <<-END
		#include "bug.bpf.h"

		struct task_struct___pid {
			s32 pid;
		} __attribute__((preserve_access_index));

		/* change $1 */
		SEC("struct_ops/bug_enqueue")
		int BPF_PROG(bug_enqueue, struct task_struct *p, u64 enq_flags)
		{
			if (!kthread(p, enq_flags))
				dsq_insert(p, $queue, SLICE_NS + $1, enq_flags);
			return 0;
		}

		SEC("struct_ops/bug_dispatch")
		int BPF_PROG(bug_dispatch, s32 cpu, struct task_struct *prev)
		{
			dsq_move_to_local(0);
			return 0;
		}

		SEC("struct_ops.s/bug_init")
		int BPF_PROG(bug_init)
		{
			return make_queues(2);
		}

		SEC(".struct_ops.link")
		struct sched_ext_ops bug_ops = {
			.enqueue = (void *)bug_enqueue,
			.dispatch = (void *)bug_dispatch,
			.init = (void *)bug_init,
			.exit = (void *)bug_exit,
			.timeout_ms = KTSTR_TIMEOUT_MS,
			.name = "small",
		};
	END
	case $1 in 10 | 11) echo 'this is no C' ;; esac
}

commits() {
	mkdir repo && cp "$root"/tests/sched/*.h "$root"/tests/sched/bugs/bug.* repo/ || return
	cat >repo/Makefile <<-'END'
		.RECIPEPREFIX = >
		include_dir = /usr/include/$(shell $(CC) -print-multiarch)
		scx_small: bug.c small.skel.h
		> $(CC) -std=gnu17 -D_GNU_SOURCE -O2 -g -DSKELETON='"small.skel.h"' -I. -I$(LIBBPF)/include -o $@ $< $(LIBBPF)/libbpf.a -static -lelf -lz
		small.skel.h: small.bpf.o
		> PATH=$$PATH:/usr/sbin bpftool gen skeleton $< name bug >$@
		small.bpf.o: small.bpf.c
		> $(CLANG) -target bpf -mcpu=v3 -g -O2 -Wall -I. -I$(LIBBPF)/include -isystem $(include_dir) -c -o $@ $<
	END
	set -- git -C repo -c user.name=Somebody -c user.email=somebody@example.com -c commit.gpgsign=false
	"$@" init -q || return
	for i in $(seq 20); do
		source_of "$i" >repo/small.bpf.c && "$@" add -A && "$@" commit -qm "change $i" || return
	done
	first=$("$@" log --format=%H --grep '^change 9$')
	KTSTR_STORE=$work/store KTSTR_KERNEL=$key
	export KTSTR_STORE KTSTR_KERNEL
	for time in cold again; do
		exits 0 ktstr bisect cgroup_steady --tree repo --good HEAD~19 --bad HEAD --scheduler-bin scx_small --log "$time.log" \
			--build-with "make -s CLANG='${CLANG:-clang-16}' LIBBPF='$O/deps/libbpf' scx_small" && has "$first is the first bad commit" out &&
			has ': skip' err && tell || return
	done
	cmp cold.log again.log || fail 'it came to something else' || return
	"$@" bisect replay "$work/cold.log" >replayed 2>&1
	has "$first is the first bad commit" replayed
}

exec 3>&1
run_tests kernels commits
