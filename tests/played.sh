# shellcheck shell=sh disable=SC2034,SC2154 # of lib.sh, and for tests
# played.sh: what tests of a ktstr whose steps are played (tests/fake-step.sh) have in common, for sourcing behind lib.sh.

# played PROGRAM: the ktstr of that name in fake/out, whose steps are played and written down in $work/steps
played() {
	mkdir -p fake/out && ln -s "$root/rules" "$root/ktstr.kconfig" fake/ && cp "$O/$1" fake/out/ || fail 'no place' || return
	for part in "$O"/ktstr-*; do
		[ -d "$part" ] || ln -s "$part" fake/out/ || fail 'no place' || return
	done
	rm -f fake/out/ktstr-step && cp "$root/tests/fake-step.sh" fake/out/ktstr-step && chmod +x fake/out/ktstr-step && : >steps || fail 'no step' || return
	FAKE_LOG=$work/steps
	export FAKE_LOG
}

# played_kernels KEY…: a cache of these, which no guest could boot; the first is taken unless another is named
played_kernels() {
	KTSTR_CACHE_DIR=$work/kernels KTSTR_KERNEL=$1
	export KTSTR_CACHE_DIR KTSTR_KERNEL
	for key; do
		mkdir -p "kernels/$key" && echo "no kernel: $key" >"kernels/$key/bzImage" && echo 'CONFIG_VIRTIO_MMIO=y' >"kernels/$key/.config" &&
			printf '{ "version": "6.%s", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "%s" }\n' \
				"${#key}" 2026-01-01T00:00:00Z >"kernels/$key/metadata.json" || fail 'no kernel' || return
	done
}
