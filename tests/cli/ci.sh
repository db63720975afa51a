#!/bin/sh
# docs/ci.md: its script, and each step of its workflow, as printed there. Kernels come from a mirror in this folder and are real builds of a tiny
# tree; no guest is started: steps are played (tests/fake-step.sh). tests/long/ci.sh is the same with guests.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/played.sh"
page=$root/docs/ci.md

# A ktstr that is installed, with its steps played; a project with the page's files, and the mirror.
place() {
	mkdir -p bin project site/v6.x && played ktstr || return
	FAKE_REAL=$O/ktstr-step
	for version in 6.12.5 6.12.6; do
		sh "$root/tests/fake-linux.sh" linux-$version $version && tar -cJf site/v6.x/linux-$version.tar.xz linux-$version || return
	done
	(cd site/v6.x && sha256sum linux-*.tar.xz >sha256sums.asc) || return
	KTSTR_KERNEL_MIRROR=file://$work/site KTSTR_RELEASES_URL=file://$work/nowhere KTSTR_CCACHE=0
	# What installs is not run: it is there. make is the real one for the project.
	printf '#!/bin/sh\necho "apt-get $*" >>"%s/installs"\n' "$work" >bin/apt-get
	# shellcheck disable=SC2016 # the script's own
	printf '#!/bin/sh\n[ "$2" = ktstr ] || exec %s "$@"\necho "make $*" >>"%s/installs"\n' "$(command -v make)" "$work" >bin/make
	chmod +x bin/apt-get bin/make
	PATH=$work/bin:$work/fake/out:$PATH
	export PATH FAKE_REAL KTSTR_KERNEL_MIRROR KTSTR_RELEASES_URL KTSTR_CCACHE
	unset KTSTR_STORE KTSTR_CACHE_DIR KTSTR_KERNEL CI
	(cd project && sh "$root/tests/ci-page.sh" "$page" && [ -s ci.sh ] && printf '6.12.5\n6.12.6\n' >kernels) || fail 'the page has no script' || return
	cat >project/tests.c <<-'END'
		#include <ktstr.h>
		KTSTR_SCENARIO(steady, .scenario = "work - spin\nhold 100%");
		KTSTR_SCENARIO(other, .scenario = "work - spin\nhold 100%");
		KTSTR_MAIN
	END
	printf 'tests: tests.c\n\tgcc -I%s $< -o $@ %s -lm\n' "$root/runtime/test" "$O/libktstr.a" >project/Makefile
}

# What CI makes once more to compare is not counted.
runs() {
	grep '^run ' "$work/steps" | grep -vc ' once more$'
}

# On one machine: the second time nothing runs; what a change affects is told before it does.
script() {
	place && cd project && exits 0 sh ci.sh kernels && same 2 "$(find .ktstr/kernels -name metadata.json | wc -l)" kernels || return
	exits 0 sh ci.sh affected && has '8 of 8 cells affected' "$work/out" && same 0 "$(runs)" 'runs that were only told of' || return
	exits 0 sh ci.sh tests && same 8 "$(runs)" runs && has '8 passed' summary.md && has 'tests="8" failures="0"' junit.xml || return
	exits 0 sh ci.sh affected && has '0 of 8 cells affected' "$work/out" && : >"$work/steps" && exits 0 sh ci.sh tests &&
		same 0 "$(runs)" 'runs of an equal tree' || return
	exits 0 sh ci.sh tests 2/3 && exits 0 sh ci.sh affected 2/3 && has '0 of' "$work/out" && exits 2 sh ci.sh nonsense && has 'there is no job' "$work/err" || return
	sed -i 's/other/bad/' tests.c && exits 1 sh ci.sh tests && has 'gap.max 3 ms' summary.md && has '<failure' junit.xml || return
	# A CI whose jobs have folders of their own, kept elsewhere.
	exits 0 env KTSTR_CACHE_DIR="$work/kept" KTSTR_STORE="$work/store" sh ci.sh kernels && [ -d "$work/kept" ] && [ -d "$work/store" ]
}

workflow() { # CODE EVENT
	: >steps
	mkdir -p state
	exits "$1" python3 "$root/tests/workflow.py" "$page" "$work/project" "$root" "$work/state" "$2"
}

# A push builds kernels once and runs all; a pull request says on its pages what it affects, and what failed.
github() {
	place && workflow 0 push || return
	same 4 "$(grep -c ' success$' out)" jobs && same 8 "$(runs)" runs && same 4 "$(grep -c '^make -C ktstr install' installs)" installs &&
		has 'kernels: Kernels: 0' out && has 'What this change affects: left out' out || return
	same 3 "$(find state/uploads -name '*junit.xml' | wc -l)" 'files of JUnit' &&
		same 8 "$(sed -n 's/^<testsuite .* tests="\([0-9]*\)".*/\1/p' state/uploads/*junit.xml | awk '{ n += $1 } END { print n }')" 'tests in them' || return
	# Kernels are there now. That a copied store answers for all tests is shown with guests (tests/long/ci.sh): what is played here is in none.
	sed -i 's/other/bad/' project/tests.c && workflow 1 pull_request && has 'kernels: Kernels: left out' out && has 'kernels success' out &&
		has ' failure' out && has '### Affected' state/pages/tests-1.md && hasnt gcc state/pages/tests-1.md && grep -q 'gap.max 3 ms' state/pages/*.md &&
		same 3 "$(grep -c 'actions/upload-artifact@v4: 0' out)" uploads
}

run_tests script github
