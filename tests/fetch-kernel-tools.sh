#!/bin/sh
# fetch-kernel-tools.sh: the tools/ folder of the newest kernel source the distribution has.
#
#   tests/fetch-kernel-tools.sh [--dest DIR] [--refresh]
#
# Prints the path of a small tarball for tools-schedulers.sh (KTSTR_LINUX_SOURCE): the example
# schedulers of a new kernel's tree run on that kernel and on older ones, those of an old tree do
# not run on new kernels. Downloads a linux-source package (170 MB) as fetch-kernel.sh does its
# kernel, keeps 1 % of it, and asks again after 30 days only.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ktstr/distro
dest=$cache/kernel-tools
refresh=
while [ $# -gt 0 ]; do
	case $1 in
	--dest) dest=${2:?--dest DIR} && shift ;;
	--refresh) refresh=1 ;;
	*) echo "usage: $0 [--dest DIR] [--refresh]" >&2 && exit 2 ;;
	esac
	shift
done
suites=${KTSTR_KERNEL_SUITES:-trixie-backports forky sid}

# shellcheck source=apt-private.sh
. "$root/tests/apt-private.sh"

mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
tarball=$dest/linux-tools.tar.gz
if [ -z "$refresh" ] && [ -s "$tarball" ] && [ -z "$(find "$tarball" -mtime +29)" ]; then
	echo "$tarball"
	exit 0
fi

draft=$(mktemp -d "$dest/draft.XXXXXX")
trap 'rm -rf "$draft"' EXIT
trap 'exit 130' INT TERM

fetch() {
	apt_private_open "$cache/newer" alone "$suites" || return 1
	package=$(apt-cache -c "$apt_conf" pkgnames linux-source- |
		grep -E '^linux-source-[0-9.]+$' | sort -rV | head -n 1)
	echo "fetching ${package:=linux-source}" >&2
	(cd "$draft" && timeout "${KTSTR_NET_TIMEOUT:-900}" \
		apt-get -c "$apt_conf" -qq download "$package") >&2
}

# What the schedulers, their libbpf and its bpftool are built from.
shrink() {
	mkdir "$draft/tree"
	dpkg-deb --fsys-tarfile "$draft"/*.deb |
		tar -xO --wildcards './usr/src/linux-source-*.tar.*' >"$draft/source" &&
		tar -I 'xz -dT0' -C "$draft/tree" --wildcards -xf "$draft/source" \
			'*/tools/arch' '*/tools/bpf' '*/tools/build' '*/tools/include' \
			'*/tools/lib' '*/tools/sched_ext' '*/tools/scripts' \
			'*/scripts/bpf_doc.py' '*/kernel/bpf/disasm.[ch]' \
			'*/include/uapi/linux/bpf*.h' &&
		(cd "$draft/tree" && tar -czf "$draft/linux-tools.tar.gz" --sort=name -- *)
}

if fetch && shrink; then
	mv "$draft/linux-tools.tar.gz" "$tarball"
elif [ -s "$tarball" ]; then
	echo "using the kernel tools fetched earlier" >&2
else
	echo "$0: no kernel source from: $suites" >&2
	exit 1
fi
echo "$tarball"
