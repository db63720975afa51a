#!/bin/sh
# fetch-kernel.sh: the newest distribution kernel that has sched_ext, as .deb files.
#
#   tests/fetch-kernel.sh [--dest DIR] [--refresh] [--arch arm64] [--flavour cloud-arm64] [--modules] [--below 7.3.4]
#
# Prints the paths of the packages, for `cargo ktstr kernel import`. Of another architecture than this machine's, too, by
# the distribution's name for it. With --modules its modules are among them, with --below it is the newest
# that is older than that release. Looks into the suites newer
# than the installed release (KTSTR_KERNEL_SUITES replaces the list), downloads with apt and its
# signature checks, installs nothing. What is there already is used for a week; when the network
# is not there, for longer, with a warning.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ktstr/distro
arch=$(dpkg --print-architecture)
dest=
flavour=
refresh=
modules=
below=
while [ $# -gt 0 ]; do
	case $1 in
	--dest) dest=${2:?--dest DIR} && shift ;;
	--refresh) refresh=1 ;;
	--arch) arch=${2:?--arch ARCH} && shift ;;
	--flavour) flavour=${2:?--flavour NAME} && shift ;;
	--modules) modules=-modules ;;
	--below) below=${2:?--below RELEASE} && shift ;;
	*) echo "usage: $0 [--dest DIR] [--refresh] [--arch ARCH] [--flavour NAME] [--modules] [--below RELEASE]" >&2 && exit 2 ;;
	esac
	shift
done
# Newest last is not needed: every suite is asked and the highest version wins.
suites=${KTSTR_KERNEL_SUITES:-trixie-backports forky sid}
lists=$cache/newer
if [ "$arch" != "$(dpkg --print-architecture)" ]; then
	apt_arch=$arch
	lists=$cache/newer-$arch
fi
if [ -z "$dest" ]; then
	dest=$cache/kernel
	[ -z "${apt_arch-}$flavour" ] || dest=$cache/kernel-${flavour:-cloud-$arch}
	dest=$dest${below:+-below-$below}$modules
fi
flavour=${flavour:-cloud-$arch}

# shellcheck source=apt-private.sh
. "$root/tests/apt-private.sh"

mkdir -p "$dest"
dest=$(cd "$dest" && pwd)
# One line per package, written last: with it the download is complete.
list=$dest/packages

is_complete() {
	[ -s "$list" ] || return 1
	while read -r name; do
		[ -s "$dest/$name" ] || return 1
	done <"$list"
}

show() {
	sed "s|^|$dest/|" "$list"
	exit 0
}

# Since 7.0 the image package is split: the image in linux-binary-…, the configuration in
# linux-base-…, modules in linux-modules-…. Those are for a host (--modules): all a guest of ours uses is built in.
parts_of() { # RELEASE
	for part in image binary base ${modules:+modules}; do
		apt-cache -c "$apt_conf" pkgnames "linux-$part-$1" | grep -xF "linux-$part-$1" || :
	done
}

releases() {
	{
		apt-cache -c "$apt_conf" pkgnames linux-image- | sed -n "s/^linux-image-\([0-9].*-$flavour\)\$/\1/p"
		echo "$below"
	} | sort -rV | awk -v below="$below" 'past && $0 != below; $0 == below { past = 1 } below == "" && $0 != ""'
}

has_sched_ext() { # DEB…
	for deb in "$@"; do
		config=$(dpkg-deb -c "$deb" |
			awk '$6 ~ /\/(config|config-[^\/]*)$/ && !n++ { print $6 }')
		[ -n "$config" ] || continue
		dpkg-deb --fsys-tarfile "$deb" | tar -xO "$config" |
			grep -cx CONFIG_SCHED_CLASS_EXT=y >/dev/null && return 0
	done
	return 1
}

fetch() { # RELEASE
	parts=$(parts_of "$1")
	# shellcheck disable=SC2086 # package names, one word each
	(cd "$draft" && timeout "${KTSTR_NET_TIMEOUT:-300}" \
		apt-get -c "$apt_conf" -qq download $parts) >&2 &&
		has_sched_ext "$draft"/*.deb
}

fetch_newest() {
	apt_private_open "$lists" alone "$suites" || return 1
	# Three, because the newest may be there in part only while a suite is being updated.
	for release in $(releases | head -n 3); do
		rm -f "$draft"/*.deb
		echo "fetching Linux $release" >&2
		fetch "$release" && return 0
		echo "Linux $release: not there, or without sched_ext" >&2
	done
	echo "no kernel of flavour $flavour with sched_ext in: $suites" >&2
	apt_private_complain
	return 1
}

if [ -z "$refresh" ] && is_complete && [ -z "$(find "$list" -mtime +6)" ]; then
	show
fi
draft=$(mktemp -d "$dest/draft.XXXXXX")
trap 'rm -rf "$draft"' EXIT
trap 'exit 130' INT TERM
if ! fetch_newest; then
	is_complete || exit 1
	echo "using the kernel fetched earlier" >&2
	rm -rf "$draft"
	show
fi
rm -f "$list" "$dest"/*.deb
mv "$draft"/*.deb "$dest/"
(cd "$dest" && ls -- *.deb) >"$draft/packages"
mv "$draft/packages" "$list"
rm -rf "$draft"
show
