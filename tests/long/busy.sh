#!/bin/sh
# What was sent into a guest can be run at once, whoever else looks at it: never "Text file busy".
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -I"$root/runtime" -o "$base/guest-busy" "$root/tests/guest-busy.c" \
	"$root/runtime/guest/init/files.c" "$root/runtime/guest/proto.c"

# With 512 MB or more a kernel has khugepaged. The control shows that it is in the way.
never_busy() {
	exits 0 ktstr -q shell --kernel "$key" --topology "$1" --memory-mb 1024 -i "$base/guest-busy" \
		--exec 'guest-busy control 40 100; guest-busy 200 100; guest-busy 100 1' && cat out || return
	has '200 sent, 0 busy' out && has '100 sent, 0 busy' out && hasnt '40 sent, 0 busy' out
}

one_cpu() {
	never_busy 1,1,1,1
}

two_cpus() {
	never_busy 1,1,2,1
}

run_tests one_cpu two_cpus
