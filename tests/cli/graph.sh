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
		-e 's|host/[0-9a-f]\{8\}|host/BOOT|' -e 's|kc[0-9a-f]\{8\}|kcKC|g' -e 's|--kc [0-9a-f]*|--kc KC|' \
		-e 's|--tree [0-9a-f]*|--tree TREE|' -e 's|6\.99\.1-[0-9a-f]\{8\}|6.99.1-TREE|g' -e 's|^vm_slots = .*|vm_slots = N|'
}

snapshot_graph() {
	kernels
	graph_of --kernel two --cross-check -- --flag 'two words' | anonymous >build.ninja
	matches verifier.ninja build.ninja
}

sweep_graph() {
	kernels
	cat >flags <<-'END'
		[{"name":"llc","args":["--llc aware"],"requires":[]},{"name":"steal","args":["-s","2"],"requires":["llc"]}]
	END
	graph_of --flags-file flags --profiles steal+llc,default --profiles llc --topology 1,1,1,1 --topology tiny-2llc \
		--topology 1n2l2c1t --topology 2,2,1,1/mem=256,512 --memory-mb 768 -- --flag | anonymous >build.ninja
	matches sweep.ninja build.ninja
}

cold_graph() {
	kernels
	graph_of --cold --accel tcg --memory-mb 512 | anonymous >build.ninja
	matches verifier-cold.ninja build.ninja
}

shell_graph() {
	kernels
	echo text >'a file'
	ktstr shell --kernel one --topology 1,2,1,1 -i 'a file' -i ./kernels --scheduler-bin 'a scheduler' --exec true \
		-- --flag >out 2>err
	sed -e 's|/[^ ]*/busybox|BUSYBOX|' cache/ktstr/store/graphs/shell-*/build.ninja | anonymous >build.ninja
	matches shell.ninja build.ninja
}

# Two tests with seeds, profiles and a comparison; one has a scheduler, one a scenario of the catalogue.
run_graph() {
	kernels
	cat >flags <<-'END'
		[{"name":"llc","args":["--llc aware"],"requires":[]}]
	END
	printf 'scheduler "./a scheduler" --one "two words"\ntopology 1,2,2,1\ncgroup a\nwork a spin\nhold 100%%\n' >'my test.ktstr' || return
	echo 'expect iterations{a} >= 0.5 * iterations{a} of eevdf' >>'my test.ktstr' || return
	ktstr run 'my test.ktstr' --kernel one --seeds 3..4 --flags-file flags --profiles default,llc \
		--expect-line 'gap.max <= 5ms' >out 2>err
	anonymous <"$(echo cache/ktstr/store/graphs/run-*/build.ninja)" >build.ninja
	matches run.ninja build.ninja && rm -rf cache/ktstr/store/graphs || return
	ktstr run no_cgroups --kernel one --clock real --memory-mb 512 --duration 3 --workers 4 >out 2>err
	anonymous <"$(echo cache/ktstr/store/graphs/run-*/build.ninja)" >build.ninja
	matches run-real.ninja build.ninja
}

# vCPUs of virtual time take turns on one CPU of the host, others need one each.
guests_at_once() {
	kernels
	export KTSTR_GUEST_CPUS=4 KTSTR_GUEST_MB=16384
	for at in run,virtual,4 run,real,1 verifier,virtual,4 verifier,real,1; do
		verb=${at%%,*} rest=${at#*,}
		clock=${rest%,*}
		rm -rf cache/ktstr/store/graphs
		if [ "$verb" = run ]; then set -- no_cgroups; else set -- --scheduler-bin 'a scheduler'; fi
		ktstr "$verb" "$@" --kernel one --topology 1,2,2,1 --clock "$clock" >out 2>err
		same "vm_slots = ${at##*,}" "$(grep '^vm_slots' cache/ktstr/store/graphs/*/build.ninja)" "$verb --clock $clock" || return
	done
}

# Against another scheduler on another kernel, and each run made twice.
run_base_graph() {
	kernels
	cp /bin/true other && printf 'cgroup a\nwork a spin\nhold 100%%\nexpect iterations{a} >= 0.5 * iterations{a} of base\n' >t.ktstr || return
	ktstr run t.ktstr --kernel one --scheduler-bin 'a scheduler' --diff-bin ./other --diff-kernel two --audit 100 >out 2>err
	anonymous <"$(echo cache/ktstr/store/graphs/run-*/build.ninja)" >build.ninja
	matches run-base.ninja build.ninja && rm -rf cache/ktstr/store/graphs || return
	# The kernel to compare with is one that tests run on as well.
	ktstr run t.ktstr --kernel one --kernel two --diff-kernel two >out 2>err
	grep '^build tests/.*/verdict.json' cache/ktstr/store/graphs/run-*/build.ninja >judged
	same 2 "$(wc -l <judged)" 'kernels that tests run on' && has 'tests/t/two/' judged
}

# What is not in the cache is made in the same graph, beside what is.
build_graph() {
	kernels
	sh "$root/tests/fake-linux.sh" a-tree 6.99.1
	KTSTR_KERNEL_MIRROR=file:///nowhere ktstr verifier --scheduler-bin 'a scheduler' --build --kernel ./a-tree \
		--kernel 6.99.2 --kernel one >out 2>err
	anonymous <"$(echo cache/ktstr/store/graphs/verifier-*/build.ninja)" >build.ninja
	matches verifier-build.ninja build.ninja
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

# No kernel is made here: the graph is there before its first step fails.
graph_of_build() {
	rm -rf cache
	KTSTR_CACHE_DIR=$work/kernels KTSTR_KERNEL_MIRROR=file:///nowhere KTSTR_RC_MIRROR=file:///nowhere \
		ktstr kernel build "$@" >out 2>err
	cat cache/ktstr/store/graphs/"${graph-kernel-build}"-*/build.ninja | anonymous | sed "s/$(uname -m)/ARCH/g"
}

kernel_build_graph() {
	echo CONFIG_MINE=y >"my fragment"
	graph_of_build 6.14.2 6.15-rc3 --kconfig "my fragment" -j 3 >build.ninja
	matches kernel-build.ninja build.ninja
}

kernel_build_source_graph() {
	sh "$root/tests/fake-linux.sh" a-tree 6.99.1
	graph_of_build --source a-tree --force >build.ninja
	matches kernel-build-source.ninja build.ninja && graph=ask graph_of_build --source a-tree --clean --force >ask.ninja || return
	matches ask.ninja ask.ninja
}

kernel_build_git_graph() {
	LLVM=-16 CROSS_COMPILE=x- graph_of_build --git 'file:///no where' --ref 0123456789abcdef0123456789abcdef01234567 >build.ninja
	matches kernel-build-git.ninja build.ninja
}

# Where libraries are looked for is in the graph, as whole paths; what is loaded into programs here is no business of guests.
libraries() {
	kernels
	# shellcheck disable=SC2016 # the linker's
	LD_PRELOAD=/none.so LD_LIBRARY_PATH='a;/b:$ORIGIN/c::' graph_of >build.ninja
	has "--library-path '$work/a:/b:" build.ninja && has "ORIGIN/c:$work:$work" build.ninja && hasnt 'none.so' build.ninja &&
		has 'note: LD_PRELOAD' err
}

run_tests libraries kernel_build_graph kernel_build_source_graph kernel_build_git_graph snapshot_graph sweep_graph cold_graph shell_graph run_graph guests_at_once run_base_graph build_graph ninja_accepts equal_requests_share kernels_of_one_name
