#!/bin/sh
# setup.sh: install what is missing on Debian 12 to build, run and test all of this.
#
#   tests/setup.sh             install (as root, or through sudo); quiet when nothing is missing
#   tests/setup.sh --check     only say what is missing; exit 1 when something is
#   tests/setup.sh --long      what the slow proofs need besides, too
#
# Packages come from the sources the machine has. What those do not offer, and a QEMU that fits
# one already installed from backports, comes from backports through an apt configuration of our
# own (apt-private.sh); the system's configuration is neither read into it for good nor changed.
set -eu

long=
if [ "${1-}" = --long ]; then
	long=long
	shift
fi
root=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ktstr/distro

# One of several is written a|b; when none is there, the first is installed.
packages() {
	sed 's/#.*//' <<'END'
# building: compiler, make, and what the generated graphs run on
gcc libc6-dev make pkg-config ninja-build
# BPF: compiler with a BPF target, skeletons, types of kernels
clang-16 llvm-16 lld-16 bpftool dwarves
# libraries we link: fetching, unpacking, git, ELF and BPF, hashing, tables, device trees
libcurl4-openssl-dev libarchive-dev libgit2-dev libbpf-dev libelf-dev libxxhash-dev
libjsmn-dev libsmartcols-dev zlib1g-dev libzstd-dev liblzma-dev libbz2-dev liblz4-dev
libfdt-dev
# authorities of https, and the check of the signature on published checksums
ca-certificates gpgv
# virtual machines, and the shell in them
qemu-system-x86 qemu-system-arm busybox-static|busybox
# building a kernel, also for another architecture, and one to build
bison flex bc libssl-dev cpio rsync kmod python3 python3-yaml xz-utils zstd bzip2 lz4 ccache gcc-aarch64-linux-gnu
# the init of arm64 guests
libc6-dev-arm64-cross
linux-source-6.12
# tests and lint (prove's modules are in perl)
libcmocka-dev perl procps git tmux gpg gpg-agent openssl clang-format-14 clang-tidy-14 shellcheck shfmt libclang-rt-16-dev
# servers of results, started by tests alone
nginx-light libnginx-mod-http-dav-ext curl
# what runs the tests of others, and reads what ours came to
meson cmake npm|nodejs python3-venv
# what cores of guests are opened in
gdb python3-drgn
# shells that completions are typed in
zsh fish elvish
END
	# A cluster of one machine (tests/one-slurm.sh). As services they are of no use to anybody who does not run that.
	[ -z "$long" ] || echo slurmctld slurmd slurm-client munge
}

missing() {
	# shellcheck disable=SC2046 # package names, one word each
	set -- $(packages)
	# shellcheck disable=SC2046
	{
		dpkg-query -W -f '${Package} ${db:Status-Status}\n' $(echo "$@" | tr '|' ' ') 2>/dev/null || :
		printf '%s wanted\n' "$@"
	} | awk '
	$2 == "installed" { have[$1] = 1 }
	$2 == "wanted" {
		n = split($1, any, "|")
		for (i = 1; i <= n && !(any[i] in have); i++)
			;
		if (i > n)
			print any[1]
	}'
}

# apt as root; a lock held by the system's own updater is waited for. A runlevel keeps packages from starting their servers.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 "$@"
	fi
}

install_from() { # CONFIG [-t RELEASE] PACKAGE…
	conf=$1
	shift
	as_root apt-get -c "$conf" -qq -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		--no-remove --no-install-recommends install "$@" >"$log" 2>&1 && return 0
	echo "setup: apt-get install failed:" >&2
	tail -n 20 "$log" >&2
	return 1
}

installed_version() {
	dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null |
		sed -n 's/^installed //p'
}

candidate() {
	apt-cache policy "$1" | sed -n 's/^  Candidate: //p' | grep -vxF '(none)' || :
}

# Parts of QEMU that are installed already decide which version its other parts must have.
fits_system() { # PACKAGE
	have=
	case $1 in
	qemu-system-*)
		for part in qemu-system-x86 qemu-utils qemu-system-common qemu-system-data qemu-block-extra; do
			have=${have:-$(installed_version $part)}
		done
		;;
	esac
	offered=$(candidate "$1")
	[ -n "$offered" ] && { [ -z "$have" ] || dpkg --compare-versions "$offered" ge "$have"; }
}

# Splits the arguments into $ours (the system's sources offer them) and $newer (they do not).
split() {
	ours=
	newer=
	for package in "$@"; do
		if fits_system "$package"; then
			ours="$ours $package"
		else
			newer="$newer $package"
		fi
	done
}

install_newer() { # PACKAGE…
	# shellcheck source=apt-private.sh
	. "$root/tests/apt-private.sh"
	# shellcheck source=/dev/null
	release=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")-backports
	echo "setup: from $release: $*"
	apt_private_open "$cache/setup" with-system "$release"
	# As a target release, so that what they depend on may come from there too.
	install_from "$apt_conf" -t "$release" "$@" || return 1
	# Half a gigabyte of package files would stay behind for nothing.
	rm -rf "$cache/setup"
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "setup: this is not Debian; see the list in $0 for what is needed" >&2
	exit 1
fi
lacking=$(missing | tr '\n' ' ')
if [ "${1-}" = --check ]; then
	[ -z "$lacking" ] && exit 0
	echo "missing: $lacking"
	exit 1
fi

if [ -n "$lacking" ]; then
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
		echo "setup: run as root: apt-get install $lacking" >&2
		exit 1
	fi
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	trap 'exit 130' INT TERM
	echo "setup: installing $lacking"
	# shellcheck disable=SC2086 # package names, one word each
	split $lacking
	if [ -n "$newer" ]; then
		# Perhaps only because the machine never asked its sources.
		as_root apt-get -qq -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 ||
			tail -n 5 "$log" >&2
		# shellcheck disable=SC2086
		split $lacking
	fi
	# shellcheck disable=SC2086
	[ -z "$ours" ] || install_from /dev/null $ours
	# shellcheck disable=SC2086
	[ -z "$newer" ] || install_newer $newer
	still=$(missing | tr '\n' ' ')
	if [ -n "$still" ]; then
		echo "setup: could not install: $still" >&2
		exit 1
	fi
fi
exec "$root/tests/fetch-libbpf.sh"
