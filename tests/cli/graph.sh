#!/bin/sh
# The generated graph: golden, accepted by ninja -n, the same for the same request.
. "$(dirname "$0")/../lib.sh"

kernels() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	for key in one two; do
		mkdir -p "$KTSTR_CACHE_DIR/$key"
		echo "no kernel: $key" >"$KTSTR_CACHE_DIR/$key/bzImage"
		echo 'CONFIG_VIRTIO_MMIO=y' >"$KTSTR_CACHE_DIR/$key/.config"
		printf '{ "version": "6.%s", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "%s" }\n' \
			"${#key}" 2026-01-01T00:00:00Z >"$KTSTR_CACHE_DIR/$key/metadata.json"
	done
	cp /bin/true 'a scheduler'
}

graph_of() {
	ktstr verifier --scheduler-bin 'a scheduler' --kernel one "$@" >out 2>err
	cat cache/ktstr/store/graphs/*/build.ninja
}

# What differs from machine to machine; host is a folder named by the boot.
anonymous() {
	sed -e "s|$work|WORK|g" -e "s|$O|OUT|g" -e "s|$root|ROOT|g" -e 's|OUT/\.\./rules|RULES|' -e 's|ROOT/rules|RULES|' \
		-e 's|host/[0-9a-f]\{8\}|host/BOOT|' -e 's|^vm_slots = .*|vm_slots = N|'
}

snapshot_graph() {
	kernels
	graph_of --kernel two --cross-check -- --flag 'two words' | anonymous >build.ninja
	matches verifier.ninja build.ninja
}

cold_graph() {
	kernels
	graph_of --cold --accel tcg --memory-mb 512 | anonymous >build.ninja
	matches verifier-cold.ninja build.ninja
}

ninja_accepts() {
	kernels
	graph_of >/dev/null
	cd cache/ktstr/store/graphs/* || return
	exits 0 ninja -n && has 'verify a-scheduler on one' "$work/out"
}

equal_requests_share() {
	kernels
	graph_of >/dev/null
	graph_of >/dev/null
	same 1 "$(find cache/ktstr/store/graphs -mindepth 1 -maxdepth 1 | wc -l)" 'build folders' || return
	graph_of --cold >/dev/null
	same 2 "$(find cache/ktstr/store/graphs -mindepth 1 -maxdepth 1 | wc -l)" 'build folders'
}

kernels_of_one_name() {
	kernels
	mkdir a b
	cp /bin/true a/bzImage
	cp /bin/false b/bzImage
	ktstr verifier --scheduler-bin 'a scheduler' --kernel a/bzImage --kernel b/bzImage --kernel a/../a/bzImage >out 2>err
	same 12 $? 'exit code' && same 2 "$(grep -c '^ *failed *kernel' err)" kernels
}

run_tests snapshot_graph cold_graph ninja_accepts equal_requests_share kernels_of_one_name
