#!/bin/sh
# fetch-libbpf.sh: a libbpf new enough for the bundled scheduler, in out/deps/libbpf.
#
#   tests/fetch-libbpf.sh [--dest DIR]
#
# Since 1.4 libbpf loads a callback table that has members the running kernel lacks. Debian 12
# carries 1.1; 1.4 comes from its backports and is unpacked, not installed. Where the system's
# own is new enough, that one is used. Either way: DIR/include, DIR/libbpf.a. No network when
# they are there.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
dest=$root/out/deps/libbpf
case ${1-} in
--dest) dest=$2 ;;
?*) echo "usage: $0 [--dest DIR]" >&2 && exit 2 ;;
esac
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

if pkg-config --atleast-version="$wanted" libbpf 2>/dev/null; then
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
	if dpkg --compare-versions "${version#*:}" lt "$wanted"; then
		echo "libbpf-dev $version is too old, $wanted or later is needed" >&2
		exit 1
	fi
	dpkg-deb -x "$deb" "$draft/deb"
	mv "$draft/deb/usr/include" "$draft/include"
	mv "$draft"/deb/usr/lib/*/libbpf.a "$draft/libbpf.a"
	rm -rf "$draft/deb"
fi
mv "$draft" "$dest"
