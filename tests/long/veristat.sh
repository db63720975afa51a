#!/bin/sh
# Our counts are those of veristat, the kernel tree's own tool, which asks bpf(2) in the same kernel. Built from the source of
# Debian's linux-source-6.12; the object is that of the bundled scheduler, whose constants are as one CPU has them.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
source=${KTSTR_LINUX_SOURCE:-/usr/src/linux-source-6.12.tar.xz}
libbpf=$O/deps/libbpf
sched=$O/sched/scx_ktstr

build() {
	tar -xO --wildcards -f "$source" '*/tools/testing/selftests/bpf/veristat.c' >veristat.c &&
		# The system's linux/bpf.h may be older than this flag.
		gcc -w -O2 -static -D'BPF_F_TEST_REG_INVARIANTS=(1U << 7)' -I"$libbpf/include" -o veristat veristat.c \
			"$libbpf/libbpf.a" -lelf -lz -lpthread -lm
}

equal() {
	build || return
	ktstr -q shell --kernel "$key" -i ./veristat -i "$sched.bpf.o" \
		--exec 'veristat -o csv -e prog,verdict,insns /include-files/scx_ktstr.bpf.o' >csv || return
	sed -n 's/^\([a-z_]*\),success,\([0-9]*\)\r*$/\1 \2/p' csv | sort >theirs
	ktstr -q verifier --scheduler-bin "$sched" --kernel "$key" >report || return
	sed -n 's/^  \([a-z_]*\)  *verified_insns=\([0-9]*\)$/\1 \2/p' report | sort >ours
	cat theirs
	same 4 "$(wc -l <theirs)" 'programs of veristat' && diff -u theirs ours
}

run_tests equal
