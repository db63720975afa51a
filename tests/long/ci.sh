#!/bin/sh
# docs/ci.md with guests: the workflow, each step as printed, on the project of docs/writing-tests.md, for a push, an equal one, and a pull request
# that breaks the scheduler. What differs from GitHub: actions are played (tests/workflow.py), ktstr is installed into this folder and not built
# again, there is one kernel, and two small topologies. The kernel is the distribution's, in place of what is built of a tiny tree: kernel.org is not asked.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || exit 1
imported=$shared/ktstr/kernels/$key
page=$root/docs/ci.md
version=7.3.4

place() {
	mkdir -p bin site/v6.x site/v7.x
	make -s -C "$root" -o all O="$O" PREFIX="$work/prefix" install >install.log 2>&1 || { cat install.log && return 1; }
	sh "$root/tests/fake-linux.sh" linux-$version $version && tar -cJf site/v7.x/linux-$version.tar.xz linux-$version &&
		(cd site/v7.x && sha256sum linux-*.tar.xz >sha256sums.asc) || return
	# shellcheck disable=SC2016 # the scripts' own
	{
		printf '#!/bin/sh\necho "apt-get $*"\n' >bin/apt-get
		printf '#!/bin/sh\n[ "$2" != ktstr ] || exit 0\nexec %s "$@"\n' "$(command -v make)" >bin/make
		printf '#!/bin/sh\n%s "$@" || exit\n[ "$1 $2" != "kernel build" ] || cp %s/bzImage %s/vmlinux %s/.config "${KTSTR_CACHE_DIR:?}"/*/\n' \
			"$work/prefix/bin/ktstr" "$imported" "$imported" "$imported" >bin/ktstr
	}
	chmod +x bin/*
	KTSTR_KERNEL_MIRROR=file://$work/site KTSTR_RELEASES_URL=file://$work/nowhere KTSTR_CCACHE=0
	PKG_CONFIG_PATH=$work/prefix/lib/pkgconfig PATH=$work/bin:$PATH
	export PATH PKG_CONFIG_PATH KTSTR_KERNEL_MIRROR KTSTR_RELEASES_URL KTSTR_CCACHE
	unset KTSTR_STORE KTSTR_CACHE_DIR KTSTR_KERNEL CI
	exits 0 ktstr new scx_fifo && cp -r scx_fifo project && cd project && sh "$root/tests/ci-page.sh" "$page" && echo $version >kernels &&
		sed -i "s/^presets=.*/presets='tiny-1llc tiny-2llc'/" ci.sh && slices '* p->scx.weight / 100, ' && cd ..
}

# How long a turn is in the scheduler: SLICE_NS and so.
slices() {
	sed -i "s|SLICE_NS[^;]*enq_flags|SLICE_NS $1enq_flags|" scx_fifo.bpf.c
	grep -qF "SLICE_NS $1enq_flags" scx_fifo.bpf.c || fail 'the example has another slice'
}

workflow() { # CODE EVENT
	exits "$1" python3 "$root/tests/workflow.py" "$page" "$work/project" "$root" "$work/state" "$2"
}

# Of the last matrix of each part; one that has no cell has none.
ran() {
	for part in 1 2 3; do
		KTSTR_STORE=$work/state/work/tests-$part/.ktstr/store "$work/prefix/bin/ktstr" runs last --json >runs.json 2>/dev/null || continue
		python3 -c 'import json; print(json.load(open("runs.json"))["ran"])'
	done | awk '{ n += $1 } END { print NR ? n : "no run at all" }'
}

github() {
	place && mkdir state && workflow 0 push && same 4 "$(ran)" 'cells of a push' && has 'kernels: Kernels: 0' out || return
	cat state/uploads/*.xml >all.xml && python3 "$root/tests/junit.py" state/uploads/*.xml >lines && same 4 "$(grep -c '^"passed"' lines)" 'tests that passed' || return
	workflow 0 push && same 0 "$(ran)" 'cells of an equal push' && has 'kernels: Kernels: left out' out || return
	(cd project && slices ', ') && workflow 1 pull_request && same 4 "$(ran)" 'cells of another scheduler' || return
	python3 "$root/tests/junit.py" state/uploads/*.xml >lines && same 2 "$(grep -c '^"failure"' lines)" 'failures' && grep '^"failure"' lines | grep -c weights || return
	cat state/pages/*.md >pages && has 'scheduler scx_fifo: ' pages && has 'share.min{important}' pages && has 'ktstr run ' pages && hasnt clang pages
}

# The script alone, whose store is one: what the parts found is not there, and runs; the second time nothing does.
script() {
	place && cd project && exits 0 sh ci.sh kernels && exits 0 sh ci.sh affected && has '4 of 4 cells affected' "$work/out" &&
		exits 0 sh ci.sh tests && has '4 of 4 passed' summary.md && exits 0 sh ci.sh affected && has '0 of 4 cells affected' "$work/out" || return
	exits 0 sh ci.sh tests && exits 0 env KTSTR_STORE="$PWD/.ktstr/store" ktstr runs last --json && has '"ran": 0' "$work/out"
}

run_tests github script
