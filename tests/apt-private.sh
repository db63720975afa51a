# shellcheck shell=sh
# apt-private.sh: ask the distribution's newer suites for a few packages, and leave the system's
# own apt configuration alone. For sourcing.
#
#   apt_private_open DIR alone|with-system SUITE…
#
# writes an apt configuration below DIR that knows the given suites (and, with-system, everything
# the system knows), fetches their package lists when they are older than a day, and sets
# $apt_conf for "apt-get -c $apt_conf", "apt-cache -c $apt_conf". A suite that does not exist or
# does not answer is left out; whether a package was found is for the caller to see. Signatures
# are checked by apt as always. With $apt_arch set before, packages are those of that architecture ("arm64") instead of
# the system's.
#
# The mirror and its key come from the system's entry for its own release, so that a mirror or a
# proxy chosen by the machine's owner is used here too. KTSTR_APT_ETC replaces /etc/apt (tests).

apt_etc=${KTSTR_APT_ETC:-/etc/apt}

# Names under which the installed release may stand in a source entry.
apt_release_names() {
	# shellcheck source=/dev/null
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")
	echo "$codename oldoldstable oldstable stable testing unstable sid"
}

# The first one-line entry "deb [options] URI RELEASE …" of the files, with other suites.
apt_entry_oneline() { # SUITES FILE…
	suites=$1
	shift
	awk -v releases="$(apt_release_names)" -v suites="$suites" '
	BEGIN { n = split(releases, r, " "); for (i = 1; i <= n; i++) known[r[i]] = 1 }
	{ sub(/#.*/, "") }
	$1 == "deb" {
		i = 2
		head = "deb"
		if ($2 ~ /^\[/)
			do
				head = head " " $i
			while ($(i++) !~ /\]$/ && i <= NF)
		if (!($(i + 1) in known) || $i ~ /^cdrom:/)
			next
		n = split(suites, s, " ")
		for (k = 1; k <= n; k++)
			print head, $i, s[k], "main"
		exit
	}' "$@"
}

# The same for deb822 stanzas; the key (a path or a whole key block) is carried over.
apt_entry_deb822() { # SUITES FILE…
	suites=$1
	shift
	awk -v releases="$(apt_release_names)" -v suites="$suites" '
	function flush_stanza(  i) {
		if (!found && is_deb && is_release && !disabled && body != "") {
			printf "%sSuites: %s\nComponents: main\n", body, suites
			found = 1
		}
		body = ""
		is_deb = is_release = disabled = 0
	}
	BEGIN { n = split(releases, r, " "); for (i = 1; i <= n; i++) known[r[i]] = 1 }
	FNR == 1 || /^[ \t]*$/ { flush_stanza() }
	/^#/ || /^[ \t]*$/ { next }
	/^[A-Za-z]/ { field = tolower($1) }
	field == "suites:" {
		for (i = 1; i <= NF; i++)
			if ($i in known)
				is_release = 1
		next
	}
	field == "components:" { next }
	field == "types:" {
		for (i = 2; i <= NF; i++)
			if ($i == "deb")
				is_deb = 1
		if (/^[A-Za-z]/)
			body = body "Types: deb\n"
		next
	}
	field == "enabled:" && tolower($2) ~ /^(no|false|0)$/ { disabled = 1 }
	{ body = body $0 "\n" }
	END { flush_stanza() }' "$@"
}

# Writes DIR/parts/newer.list or newer.sources; 1 when the system names no archive of its release.
apt_entry() { # DIR SUITES
	for form in sources:deb822 list:oneline; do
		set -- "$1" "$2"
		for file in "$apt_etc"/sources.list "$apt_etc"/sources.list.d/*; do
			case $file in *."${form%:*}") [ -f "$file" ] && set -- "$@" "$file" ;; esac
		done
		[ $# -gt 2 ] || continue
		dir=$1
		out=$1/parts/newer.${form%:*}
		shift
		"apt_entry_${form#*:}" "$@" >"$out"
		[ -s "$out" ] && return 0
		rm -f "$out"
		set -- "$dir" "$1"
	done
	return 1
}

apt_private_config() { # DIR
	[ -z "${apt_arch-}" ] || printf 'APT::Architecture "%s";\nAPT::Architectures "%s";\n' "$apt_arch" "$apt_arch"
	cat <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$1/parts";
Dir::State::lists "$1/lists";
Dir::Cache "$1/cache";
// Some containers switch these off; then every question to apt would read all lists again.
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
// Package lists only: no translations, no software-centre data, no hooks of the system.
Acquire::Languages "none";
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large-hidpi;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::PDiffs "false";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
// The folder may be one that apt's own user cannot enter.
APT::Sandbox::User "root";
END
}

apt_private_open() { # DIR alone|with-system SUITE…
	mkdir -p "$1"
	apt_dir=$(cd "$1" && pwd)
	apt_mode=$2
	shift 2
	apt_conf=$apt_dir/apt.conf
	if [ -e "$apt_dir/fresh" ] && [ -z "$(find "$apt_dir/fresh" -mtime +0)" ] &&
		[ "$(cat "$apt_dir/fresh")" = "$*" ]; then
		return 0
	fi
	rm -rf "$apt_dir/parts" "$apt_dir/fresh"
	mkdir -p "$apt_dir/parts" "$apt_dir/lists/partial" "$apt_dir/cache/archives/partial"
	if ! apt_entry "$apt_dir" "$*"; then
		echo "no source entry for this Debian release below $apt_etc" >&2
		return 1
	fi
	if [ "$apt_mode" = with-system ]; then
		for file in "$apt_etc"/sources.list "$apt_etc"/sources.list.d/*; do
			case $file in
			*.list | *.sources) [ -f "$file" ] && cp "$file" "$apt_dir/parts/" ;;
			esac
		done
	fi
	apt_private_config "$apt_dir" >"$apt_conf"
	# Fails when one of the suites does; the others are usable all the same.
	timeout "${KTSTR_NET_TIMEOUT:-300}" apt-get -c "$apt_conf" -qq update \
		>"$apt_dir/update.log" 2>&1 && status=0 || status=$?
	if [ "$status" -eq 124 ] || ! ls "$apt_dir"/lists/*_Packages* >/dev/null 2>&1; then
		echo "no package lists for $*:" >&2
		apt_private_complain
		return 1
	fi
	[ "$status" -ne 0 ] || echo "$*" >"$apt_dir/fresh"
}

# What apt had to say when it fetched the lists, for a caller that did not find its package.
apt_private_complain() {
	grep -E '^[EW]:' "$apt_dir/update.log" >&2 || cat "$apt_dir/update.log" >&2
}
