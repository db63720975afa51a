#!/bin/sh
# In place of ktstr-step, for tests of what is planned and told: each step leaves the outputs that the graph has of it, at once, and its name in
# $FAKE_LOG. A test called bad… fails with $FAKE_WORDS (as JSON has them), one called broken… came to no run, one called vague… is
# inconclusive, one called lost… fails from seed 3 on, and each fails on kernels whose keys begin with a word of $FAKE_BAD.
# With $FAKE_WAIT, a seed, its run takes as long as there is no $FAKE_GO. With $FAKE_DEAD no run comes to its end. With $FAKE_TELLS a
# judge says at once that it is done (progress/event.h); of others that is known once all are. FAKE_REAL names the real program, for what
# makes kernels and for what is not to be made (KTSTR_ASK).
case ${FAKE_REAL:+$1${KTSTR_ASK:+-asked}} in
kernel-entry* | snapshot-asked | run-asked) exec "$FAKE_REAL" "$@" ;;
esac
step=$1 name='' kernel='' topology='' profile='' again='' seed=1
shift
while [ $# -gt 0 ]; do
	case $1 in
	--out) out=$2 ;;
	--id) id=$2 ;;
	--first-seed | --seed) seed=$2 ;;
	--name=*) name=${1#--name=} ;;
	--kernel=*) kernel=${1#--kernel=} ;;
	--topology=*) topology=${1#--topology=} ;;
	--profile=*) profile=${1#--profile=} ;;
	--again=*) again=${1#--again=} ;;
	esac
	shift
done
[ -z "${FAKE_LOG-}" ] || echo "$id" >>"$FAKE_LOG"
files() {
	for file in "$@"; do
		was=
		[ ! -e "$out/$file" ] || read -r was <"$out/$file"
		[ "$was" = "$id" ] || echo "$id" >"$out/$file"
	done
}
case $step in
probe) files probe ;;
initramfs) files initramfs.cpio ;;
bootable)
	files kernel layout queues config.cpio
	[ -e "$out/facts" ] || printf 'arch x86_64\nvirtio_mmio yes\n' >"$out/facts"
	;;
snapshot) files state recipe ;;
payload | programs) files payload.pack ;;
scenario) files text 'test' ;;
run)
	[ -z "${FAKE_DEAD-}" ] || { echo 'error: QEMU died' >&2 && exit 6; }
	until [ "$seed" != "${FAKE_WAIT-}" ] || [ -e "${FAKE_GO:?}" ]; do sleep 0.05; done
	# An audit makes the same run, but of a test called odd….
	case $id in
	"run odd"*) ;;
	*) id=${id% once more} ;;
	esac
	files run.json recipe
	;;
verify)
	printf '{ "verdict": "attached", "release": "6.1", "accel": "tcg", "cold": false, "status": 0, "programs": [ { "name": "enqueue", "short": "enqueue", "id": 1, "verified_insns": 39 } ] }\n' \
		>"$out/result.json"
	: >"$out/sched.log"
	: >"$out/console.log"
	;;
flags)
	echo '[{"name":"asked","args":["--asked"],"requires":[]}]' >"$out/flags.json"
	echo 'answered yes' >"$out/facts"
	;;
judge)
	verdict=pass words='' quoted=null check=''
	case $again in
	*[!\ -~]* | *[\\\"]*) again=$(printf %s "$again" | LC_ALL=C sed 's/[\\"]/\\&/g' | LC_ALL=C tr '\200-\377' '?') ;;
	esac
	[ -z "$profile" ] || quoted="\"$profile\""
	case $name in
	bad*) verdict=fail words=${FAKE_WORDS-gap.max 3 ms > 2 ms} ;;
	broken*) verdict=broken words='its guest died' ;;
	lost*) [ "$seed" -lt 3 ] || verdict=fail words='gap.max: it waited' ;;
	vague*) verdict=inconclusive words='gap.max: no value' ;;
	esac
	for bad in ${FAKE_BAD-}; do
		case $id in *" on $bad"*) verdict=fail words='gap.max 3 ms > 2 ms' ;; esac
	done
	[ -z "$words" ] ||
		check="{ \"metric\": \"gap.max\", \"seed\": $seed, \"verdict\": \"$verdict\", \"words\": \"$words\" }"
	printf '{ "format": 1, "test": "%s", "kernel": "%s", "topology": "%s", "profile": %s, "again": "%s", "verdict": "%s", "seeds": [ { "seed": %s, "verdict": "%s" } ], "checks": [ %s ] }\n' \
		"$name" "$kernel" "$topology" "$quoted" "$again" "$verdict" "$seed" "$verdict" \
		"$check" >"$out/verdict.json"
	[ -z "${FAKE_TELLS-}" ] || python3 - "$id" <<-'END'
		import os, socket, sys
		to = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		to.connect("\0" + os.environ["KTSTR_EVENTS"])
		to.send(b"start\0" + sys.argv[1].encode() + b"\0")
		to.send(b"done\0" + sys.argv[1].encode() + b"\0ran\0001\0\0")
	END
	;;
*)
	echo "fake-step.sh knows no step $step" >&2
	exit 1
	;;
esac
