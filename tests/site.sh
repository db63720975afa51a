# shellcheck shell=sh
# site.sh: a mirror of kernel.org in a folder, for sourcing behind lib.sh. Its trees are those of fake-linux.sh.

# kernel_site DIR VERSION…: releases, their checksums, 6.15-rc3, the list; the variables that lead there are exported.
# MAKE_TREE, when set, is called in place of fake-linux.sh.
kernel_site() {
	site=$1
	shift
	mkdir -p "$site/v6.x" "$site/rc" || return
	for version in "$@"; do
		${MAKE_TREE:-sh "$root/tests/fake-linux.sh"} "$site/linux-$version" "$version" &&
			XZ_OPT=-0 tar -C "$site" -cJf "$site/v6.x/linux-$version.tar.xz" "linux-$version" || return
	done
	${MAKE_TREE:-sh "$root/tests/fake-linux.sh"} "$site/linux-6.15-rc3" 6.15-rc3 &&
		tar -C "$site" -czf "$site/rc/linux-6.15-rc3.tar.gz" linux-6.15-rc3 || return
	(cd "$site/v6.x" && sha256sum ./*.tar.xz | sed 's| \./| |; s|\./||' >sha256sums.asc) || return
	cat >"$site/releases.json" <<-END
		{ "latest_stable": { "version": "6.14.2" }, "releases": [
		{ "moniker": "mainline", "version": "6.15-rc3", "iseol": false },
		{ "moniker": "stable", "version": "6.14.2", "iseol": false },
		{ "moniker": "stable", "version": "6.13.7", "iseol": true },
		{ "moniker": "longterm", "version": "6.12.9", "iseol": false },
		{ "moniker": "linux-next", "version": "next-20250411", "iseol": false } ] }
	END
	KTSTR_RELEASES_URL=file://$site/releases.json
	KTSTR_KERNEL_MIRROR=file://$site
	KTSTR_RC_MIRROR=file://$site/rc
	export KTSTR_RELEASES_URL KTSTR_KERNEL_MIRROR KTSTR_RC_MIRROR
}
