#!/bin/sh
# plan.sh [CELLS…]: what planning a sweep, writing its graph and finding it up to date costs, without ninja and guests: CPU time
# and memory of the whole command, with a ninja that does nothing.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
O=${O:-$root/out}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/kernels/one"
printf '#!/bin/sh\nexit 0\n' >"$work/bin/ninja"
chmod +x "$work/bin/ninja"
PATH=$work/bin:$O:$PATH
XDG_CACHE_HOME=$work/cache
KTSTR_CACHE_DIR=$work/kernels
export PATH XDG_CACHE_HOME KTSTR_CACHE_DIR
echo 'no kernel' >"$work/kernels/one/bzImage"
printf '{ "version": "6.12.1", "source": "tarball", "arch": "%s", "image_name": "bzImage", "built_at": "%s" }\n' "$(uname -m)" \
	2026-01-01T00:00:00Z >"$work/kernels/one/metadata.json"
cp /bin/true "$work/scx_bench"

# Ten flags are 1,024 profiles; of topologies there are as many as it takes.
awk 'BEGIN {
	printf "["
	for (i = 0; i < 10; i++)
		printf "%s{\"name\":\"f%d\",\"args\":[\"--f%d\"],\"requires\":[]}", i ? "," : "", i, i
	print "]"
}' >"$work/flags"

[ $# -gt 0 ] || set -- 1024 10240 65536
for cells; do
	set --
	i=0
	while [ $((i * 1024)) -lt "$cells" ]; do
		i=$((i + 1))
		set -- "$@" --topology "1,1,$i,1"
	done
	python3 - "$cells" ktstr -q verifier --scheduler-bin "$work/scx_bench" --kernel one --flags-file "$work/flags" --all-profiles \
		"$@" <<-'END'
		import resource, subprocess, sys
		subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		use = resource.getrusage(resource.RUSAGE_CHILDREN)
		print("%-34s %9.0f %9.0f" % (sys.argv[1], 1000 * (use.ru_utime + use.ru_stime), use.ru_maxrss / 1024))
	END
done
