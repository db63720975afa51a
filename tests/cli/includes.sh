#!/bin/sh
# includes.sh: the table of rooms in docs/architecture.md is what the sources do, and a slip is noticed (tests/includes.pl).
# shellcheck source=tests/lib.sh disable=SC2016 # backquotes of Markdown
. "$(dirname "$0")/../lib.sh"

check=$root/tests/includes.pl

# A copy to plant slips in.
copy() {
	mkdir -p "$work/tree/docs" && cp "$root/docs/architecture.md" "$work/tree/docs/" &&
		cp -r "$root/gen" "$root/runtime" "$work/tree/"
}

# refuses TEXT: and says why
refuses() {
	exits 1 "$check" "$work/tree" && has "$1" "$work/err"
}

the_tree_fits_its_table() {
	exits 0 "$check" "$root"
}

an_include_upwards_is_noticed() {
	copy || return 1
	exits 0 "$check" "$work/tree" || return 1
	echo '#include "vm/vm.h"' >>"$work/tree/runtime/base/mem.c"
	refuses '`base` may not include `vm`' || return 1
	cp "$root/runtime/base/mem.c" "$work/tree/runtime/base/mem.c"
	echo '#include "gen/graph/plan.h"' >>"$work/tree/runtime/step/main.c"
	refuses '`step` may not include `gen/graph`'
}

an_include_that_hides_its_folder_is_noticed() {
	copy || return 1
	echo '#include "../vm/vm.h"' >>"$work/tree/runtime/base/mem.c"
	refuses 'is to be named from runtime/' || return 1
	echo '#include "base/nothing.h"' >"$work/tree/runtime/base/mem.c"
	refuses 'there is no "base/nothing.h"'
}

a_folder_without_a_row_is_noticed() {
	copy || return 1
	mkdir "$work/tree/runtime/attic" || return 1
	echo '#include "base/mem.h"' >"$work/tree/runtime/attic/all.c"
	refuses '`attic` has no row'
}

a_table_that_turns_back_is_noticed() {
	copy || return 1
	sed -i 's/^| `json` .*/| `json` | x | `base` `store` |/' "$work/tree/docs/architecture.md"
	refuses '`json` may include `store`, which is no row above it' || return 1
	sed -i 's/^| `json` .*/| `json` | x | `base` `json` |/' "$work/tree/docs/architecture.md"
	refuses '`json` may include `json`, which is no row above it' || return 1
	sed -i '/^| `/d' "$work/tree/docs/architecture.md"
	exits 2 "$check" "$work/tree"
}

a_row_without_a_folder_is_noticed() {
	copy || return 1
	rm -r "$work/tree/runtime/stats"
	refuses 'there is nothing in `stats`'
}

what_grows_too_large_is_noticed() {
	copy || return 1
	file=$work/tree/runtime/base/mem.c
	yes '/* */' | head -n 601 >>"$file"
	refuses 'more than 600' || return 1
	{ printf 'void long_one(void)\n{\n'; yes '	;' | head -n 61; echo '}'; } >"$file"
	refuses 'a function of 61 lines' || return 1
	cp "$root/runtime/base/mem.c" "$file"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do : >"$work/tree/runtime/json/noun$i.c"; done
	refuses '`json` has'
}

run_tests the_tree_fits_its_table an_include_upwards_is_noticed an_include_that_hides_its_folder_is_noticed \
	a_folder_without_a_row_is_noticed a_table_that_turns_back_is_noticed a_row_without_a_folder_is_noticed \
	what_grows_too_large_is_noticed
