#!/bin/sh
# In place of ktstr-step, as fake-step.sh, but each step has a real result in the store as well, by its id (of a kernel by its image), and tells what came of it. $REAL_STEP
# is the real program.
step=$1
set -- "$@"
for word in "$@"; do
	case ${was-} in
	--id) id=$word ;;
	--out) out=$word ;;
	--store) store=$word ;;
	--image) image=$word ;;
	esac
	was=$word
done
mkdir -p "$out" && echo "$id" >"$out.init" || exit
[ "$step" != bootable ] || cat "$image" >"$out.init"
case $step in
run | snapshot)
	[ -z "${KTSTR_ASK-}" ] || grep -qs "$(sha256sum <"$out.init" | cut -d' ' -f1)" "$store"/objects/*/*/recipe || exit 1
	;;
esac
sh "${FAKE_STEP:?}" "$@" && exec "${REAL_STEP:?}" initramfs --id "$id" --store "$store" --out "$out" --init "$out.init"
