# Entries of other programs in the kernel cache, for tests that read this file.
#
# neighbours: in the folder "kernels" here. Four as ktstr 0.50 writes them, one like these from a source that nobody knows, one
# of which nothing can be read, and a folder that is no kernel (with KTSTR_CACHE_DIR, 0.50 has its other caches there as well).
# shellcheck shell=sh
neighbours() {
	new() { # KEY SOURCE [MORE MEMBERS]
		mkdir -p "kernels/$1" && echo image >"kernels/$1/bzImage" && echo elf >"kernels/$1/vmlinux" || return
		printf '{ "version": "6.15.1", "source": %s, "arch": "%s", "image_name": "bzImage", "config_hash": null, "built_at":
			"2026-02-01T00:00:00Z", "ktstr_kconfig_hash": "00000000", "extra_kconfig_hash": null, "has_vmlinux": true,
			"vmlinux_stripped": true, "source_vmlinux_size": null, "source_vmlinux_mtime_secs": null %s }\n' \
			"$2" "$(uname -m)" "${3-}" >"kernels/$1/metadata.json"
	}
	new 6.15.1-tarball '{ "type": "tarball" }' && new v6-git '{ "type": "git", "git_hash": "deadbee", "ref": "v6.15" }' &&
		new local-x '{ "type": "local", "source_tree_path": "/src", "git_hash": null }' &&
		new distro '{ "type": "distropackage", "distro": "fedora", "packages": ["kernel-core"] }' &&
		new later '{ "type": "pigeon", "age": 7 }' ', "later_member": [{}]' &&
		mkdir kernels/alien && echo '{ "schema": 9, "kernel": { "image": "x" } }' >kernels/alien/metadata.json &&
		mkdir -p kernels/disk_templates/btrfs && echo >kernels/disk_templates/btrfs/template.img
}
