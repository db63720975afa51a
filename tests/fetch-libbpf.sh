#!/bin/sh
# fetch-libbpf.sh: a libbpf new enough for the bundled scheduler, in out/deps/libbpf.
#
#   tests/fetch-libbpf.sh [--dest DIR] [--arch arm64]
#
# Since 1.4 libbpf loads a callback table that has members the running kernel lacks. Debian 12
# carries 1.1; 1.4 comes from its backports and is unpacked, not installed. Where the system's
# own is new enough, that one is used. Either way: DIR/include, DIR/libbpf.a. No network when
# they are there. For another architecture all of it is unpacked, with the libelf.a and libz.a it takes to link with.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
dest=$root/out/deps/libbpf
arch=
while [ $# -gt 0 ]; do
	case $1 in
	--dest) dest=${2:?--dest DIR} && shift ;;
	--arch) arch=${2:?--arch ARCH} && shift ;;
	*) echo "usage: $0 [--dest DIR] [--arch ARCH]" >&2 && exit 2 ;;
	esac
	shift
done
[ -e "$dest/libbpf.a" ] && [ -e "$dest/include/bpf/libbpf.h" ] && exit 0

# shellcheck source=apt-private.sh
. "$root/tests/apt-private.sh"
wanted=1.4.0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ktstr/distro
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
# A draft beside the real place, renamed when complete: an interrupted run leaves nothing half.
draft=$dest.draft.$$
trap 'rm -rf "$draft"' EXIT
trap 'exit 130' INT TERM
rm -rf "$dest"
mkdir -p "$draft"

too_old() { # VERSION
	dpkg --compare-versions "${1#*:}" lt "$wanted" || return 1
	echo "libbpf-dev $1 is too old, $wanted or later is needed" >&2
}

# The release's own libraries, and its libbpf or that of its backports.
unpack_foreign() {
	apt_arch=$arch
	apt_private_open "$cache/release-$arch" alone "$codename"
	(cd "$draft" && timeout "${KTSTR_NET_TIMEOUT:-300}" \
		apt-get -c "$apt_conf" -qq download libelf-dev zlib1g-dev libbpf-dev)
	version=$(dpkg-deb -f "$draft"/libbpf-dev_*.deb Version)
	if dpkg --compare-versions "${version#*:}" lt "$wanted"; then
		rm "$draft"/libbpf-dev_*.deb
		apt_private_open "$cache/backports-$arch" alone "$codename-backports"
		(cd "$draft" && timeout "${KTSTR_NET_TIMEOUT:-300}" apt-get -c "$apt_conf" -qq download libbpf-dev)
		version=$(dpkg-deb -f "$draft"/libbpf-dev_*.deb Version)
	fi
	! too_old "$version" || exit 1
	for deb in "$draft"/*.deb; do
		dpkg-deb -x "$deb" "$draft/deb"
	done
	mv "$draft/deb/usr/include" "$draft/include"
	mv "$draft"/deb/usr/lib/*/lib*.a "$draft/"
	rm -rf "$draft/deb" "$draft"/*.deb
}

if [ -n "$arch" ]; then
	unpack_foreign
elif pkg-config --atleast-version="$wanted" libbpf 2>/dev/null; then
	ln -s "$(pkg-config --variable=includedir libbpf)" "$draft/include"
	ln -s "$(pkg-config --variable=libdir libbpf)/libbpf.a" "$draft/libbpf.a"
else
	mkdir -p "$cache/libbpf"
	deb=$(find "$cache/libbpf" -name 'libbpf-dev_*.deb' | sort -V | tail -n 1)
	if [ -z "$deb" ]; then
		apt_private_open "$cache/backports" alone "$codename-backports"
		(cd "$cache/libbpf" && timeout "${KTSTR_NET_TIMEOUT:-300}" \
			apt-get -c "$apt_conf" -qq download "libbpf-dev/$codename-backports")
		deb=$(find "$cache/libbpf" -name 'libbpf-dev_*.deb' | sort -V | tail -n 1)
	fi
	version=$(dpkg-deb -f "$deb" Version)
	! too_old "$version" || exit 1
	dpkg-deb -x "$deb" "$draft/deb"
	mv "$draft/deb/usr/include" "$draft/include"
	mv "$draft"/deb/usr/lib/*/libbpf.a "$draft/libbpf.a"
	rm -rf "$draft/deb"
fi
mv "$draft" "$dest"
