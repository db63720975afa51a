#!/bin/sh
# fetch-busybox.sh: the distribution's static busybox of another architecture, for the shell of a guest.
#
#   tests/fetch-busybox.sh ARCH        "arm64"
#
# Prints its path. The package is unpacked, not installed, and fetched once. How a user gets it: docs/vm.md.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ktstr/distro
[ $# -eq 1 ] || { echo "usage: $0 ARCH" >&2 && exit 2; }
dest=$cache/busybox-$1
if [ -x "$dest/busybox" ]; then
	echo "$dest/busybox"
	exit 0
fi

# shellcheck source=apt-private.sh
. "$root/tests/apt-private.sh"
# shellcheck source=/dev/null
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
apt_arch=$1
mkdir -p "$cache"
draft=$(mktemp -d "$cache/busybox.XXXXXX")
trap 'rm -rf "$draft"' EXIT
trap 'exit 130' INT TERM

apt_private_open "$cache/release-$1" alone "$codename"
(cd "$draft" && timeout "${KTSTR_NET_TIMEOUT:-300}" apt-get -c "$apt_conf" -qq download busybox-static) >&2
dpkg-deb -x "$draft"/*.deb "$draft/deb"
mkdir -p "$dest"
for file in "$draft/deb/bin/busybox" "$draft/deb/usr/bin/busybox"; do
	[ ! -f "$file" ] || mv "$file" "$dest/busybox"
done
[ -x "$dest/busybox" ] || { echo "$0: no busybox in the package" >&2 && exit 1; }
echo "$dest/busybox"
