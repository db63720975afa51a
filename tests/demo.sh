#!/bin/sh
# demo.sh: from nothing to a table of verified instruction counts. Run by `make demo`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-$root/out}
PATH=$O:$PATH
scheds=$O/sched/tools-new

say() {
	printf '\n%s\n' "$*"
}

say "A kernel with sched_ext, from the distribution:"
packages=$(sh "$root/tests/fetch-kernel.sh")
# shellcheck disable=SC2086 # one path per line, no spaces in package names
key=$(ktstr kernel import $packages)

say "The kernel tree's own example schedulers, built with clang:"
KTSTR_LINUX_SOURCE=$(sh "$root/tests/fetch-kernel-tools.sh") sh "$root/tests/tools-schedulers.sh" "$scheds" "$key" \
	scx_simple scx_flatcg

for sched in "$O/sched/scx_ktstr" "$scheds"/scx_simple "$scheds"/scx_flatcg; do
	say "\$ cargo ktstr verifier --scheduler-bin ${sched##*/} --kernel $key"
	ktstr verifier --scheduler-bin "$sched" --kernel "$key"
done

cat <<END

All of it is kept by content: the same again boots nothing. Next, with a scheduler of yours:

  PATH=$O:\$PATH
  ktstr doctor
  ktstr verifier --scheduler-bin $O/sched/scx_ktstr --all-profiles
  ktstr shell --scheduler-bin $O/sched/scx_ktstr --topology 1,2,2,1

docs/getting-started.md goes on from here.
END
