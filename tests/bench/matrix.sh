#!/bin/sh
# matrix.sh [CELLS…]: what a matrix of so many cells costs, rounded up to whole tests of 60: planned with a ninja that does nothing, and, up to
# 20,000 of them, all known and found up to date by the real one. CPU time and largest memory of the whole command, ninja with it, the least of
# five; steps are played (tests/fake-step.sh), which takes some minutes before the first figure of what is known.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$root/out}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CI
mkdir -p "$work/idle" "$work/fake/out"
printf '#!/bin/sh\nexit 0\n' >"$work/idle/ninja"
chmod +x "$work/idle/ninja"
ln -s "$root/rules" "$root/ktstr.kconfig" "$work/fake/"
for part in "$O"/ktstr-*; do
	[ -d "$part" ] || ln -s "$part" "$work/fake/out/"
done
cp "$O/ktstr" "$work/fake/out/"
rm "$work/fake/out/ktstr-step"
cp "$root/tests/fake-step.sh" "$work/fake/out/ktstr-step"
chmod +x "$work/fake/out/ktstr-step"
PATH=$work/fake/out:$PATH
export PATH XDG_CACHE_HOME="$work/cache" KTSTR_CACHE_DIR="$work/kernels" KTSTR_GUEST_CPUS=1024 KTSTR_GUEST_MB=1048576
for key in one two; do
	mkdir -p "$work/kernels/$key"
	echo "no kernel: $key" >"$work/kernels/$key/bzImage"
	echo 'CONFIG_VIRTIO_MMIO=y' >"$work/kernels/$key/.config"
	printf '{ "version": "6.%s", "source": "tarball", "arch": "%s", "image_name": "bzImage", "built_at": "%s" }\n' "${#key}" "$(uname -m)" \
		2026-01-01T00:00:00Z >"$work/kernels/$key/metadata.json"
done

cat >"$work/measure.py" <<'END'
import os, subprocess, sys, time
label, times, path, command = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
best = None
for _ in range(times):
    began = time.monotonic()
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         env=dict(os.environ, PATH=path + os.environ["PATH"]))
    _, _, use = os.wait4(p.pid, 0)
    got = (use.ru_utime + use.ru_stime, time.monotonic() - began, use.ru_maxrss / 1024)
    best = min(best or got, got)
print("%-34s %6.0f ms of CPU time, %6.0f ms, %4.0f MB" % (label, 1000 * best[0], 1000 * best[1], best[2]), flush=True)
END

[ $# -gt 0 ] || set -- 10800 100800
for cells; do
	tests=$(((cells + 59) / 60))
	{
		echo '#include <ktstr.h>'
		echo 'KTSTR_SCHEDULER(mine, .binary = "/bin/true", .flags = KTSTR_FLAGS({ "llc", KTSTR_LIST("--llc") }));'
		awk -v n="$tests" 'BEGIN { for (i = 0; i < n; i++) printf "KTSTR_SCENARIO(t%d, .scheduler = &mine, .scenario = \"work - spin:us=%d\\nhold 100%%\");\n", i, 100 + i }'
		echo KTSTR_MAIN
	} >"$work/tests.c"
	gcc -I"$root/runtime/test" "$work/tests.c" -o "$work/tests" "$O/libktstr.a" -lm
	set -- ktstr matrix "$work/tests" --preset all --all-profiles --kernel one --kernel two
	KTSTR_STORE=$work/planned python3 "$work/measure.py" "$((60 * tests)) cells planned" 5 "$work/idle:" "$@"
	rm -rf "$work/planned"
	[ "$cells" -le 20000 ] || continue
	KTSTR_STORE=$work/known "$@" >/dev/null 2>&1 </dev/null
	KTSTR_STORE=$work/known python3 "$work/measure.py" "$((60 * tests)) cells known" 5 '' "$@"
	rm -rf "$work/known"
done
