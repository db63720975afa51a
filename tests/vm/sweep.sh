#!/bin/sh
# A sweep on real kernels: flags asked for in a guest, every profile, several kernels and topologies in one graph.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr
now=$(date +%s%N)

verifier() {
	ktstr verifier --kernel "$key" "$@"
}

# The same kernel under another name and with other bytes behind it: for the graph, another one.
another_kernel() {
	mkdir -p another
	cp "$(ktstr kernel list --json | python3 -c 'import json, sys
print(next(e["image_path"] for e in json.load(sys.stdin)["entries"] if e["key"] == sys.argv[1]))' "$key")" another/bzImage &&
		echo another >>another/bzImage
}

# On each of two kernels, in one graph.
all_profiles() {
	another_kernel || return
	exits 0 verifier --scheduler-bin "$sched" --kernel another/bzImage --all-profiles --json --explain || return
	has 'verifying 12 profiles' err && python3 - "$work/out" <<-'END'
		import json, sys
		cells = json.load(open(sys.argv[1]))["cells"]
		names = ["default", "llc", "llc+steal", "slice-short", "llc+slice-short", "llc+steal+slice-short"]
		names += ["weighted"] + [n + "+weighted" for n in names[1:]]
		assert [c["profile"] for c in cells] == 2 * names, [c["profile"] for c in cells]
		assert [c["kernel"] for c in cells] == 12 * [cells[0]["kernel"]] + 12 * [cells[12]["kernel"]], cells
		assert cells[0]["kernel"] != cells[12]["kernel"]
		assert all(c["verdict"] == "attached" for c in cells)
		counts = [{p["name"]: p["verified_insns"] for p in c["programs"]} for c in cells]
		assert counts[:12] == counts[12:], "one kernel, two results"
		assert len({tuple(sorted(c.items())) for c in counts}) > 6, "flags make no difference"
	END
}

# The same by flags that a file says; what the guests are to do is known by then.
flags_of_a_file() {
	another_kernel || return
	echo '[{"name":"llc","args":["--llc-aware"],"requires":[]},{"name":"weighted","args":["--weighted"],"requires":[]}]' >flags.json
	exits 0 verifier --scheduler-bin "$sched" --kernel another/bzImage --flags-file flags.json --all-profiles --json || return
	has 'verifying 4 profiles' err && same 8 "$(grep -c 'cached  verify' err)" 'cached cells' && python3 - "$work/out" <<-'END'
		import json, sys
		cells = json.load(open(sys.argv[1]))["cells"]
		assert [c["profile"] for c in cells] == 2 * ["default", "llc", "weighted", "llc+weighted"], [c["profile"] for c in cells]
		assert [c["kernel"] for c in cells] == 4 * [cells[0]["kernel"]] + 4 * [cells[4]["kernel"]], cells
		assert cells[0]["kernel"] != cells[4]["kernel"]
		assert all(c["verdict"] == "attached" for c in cells)
		counts = [{p["name"]: p["verified_insns"] for p in c["programs"]} for c in cells]
		assert counts[:4] == counts[4:], "one kernel, two results"
	END
}

# What a guest said is known; a profile that is new runs alone. The argument makes the cells new ones.
cached() {
	another_kernel || return
	exits 0 verifier --scheduler-bin "$sched" --kernel another/bzImage --all-profiles &&
		hasnt 's verify' err && same 24 "$(grep -c 'cached  verify' err)" 'cached cells' || return
	exits 0 verifier --scheduler-bin "$sched" --profiles steal+llc,default -- "--slow-$now" &&
		same 2 "$(grep -c 's verify' err)" 'cells that ran' &&
		exits 0 verifier --scheduler-bin "$sched" --profiles steal+llc,weighted,default -- "--slow-$now" &&
		same 1 "$(grep -c 's verify' err)" 'cells that ran' && has 's verify scx_ktstr' err
}

# Two of these are refused by the verifier, one is thrown out; the others do not mind.
failures_stay_alone() {
	cat >flags.json <<-'END'
		[{"name":"fail","args":["--fail-verify"],"requires":[]},
		 {"name":"die","args":["--stall-after"],"requires":[]},
		 {"name":"weighted","args":["--weighted"],"requires":[]}]
	END
	exits 4 verifier --scheduler-bin "$sched" --flags-file flags.json --profiles default,fail,die,weighted,weighted+fail --json &&
		python3 - "$work/out" <<-'END'
			import json, sys
			got = {c["profile"]: c["verdict"] for c in json.load(open(sys.argv[1]))["cells"]}
			assert got == {"default": "attached", "fail": "rejected", "die": "died", "weighted": "attached",
				       "fail+weighted": "rejected"}, got
		END
}

topologies() {
	exits 0 verifier --scheduler-bin "$sched" --topology 1,1,1,1 --topology 1,2,1,1 --profiles default,llc --json -j 1 &&
		python3 - "$work/out" <<-'END'
			import json, sys
			cells = json.load(open(sys.argv[1]))["cells"]
			assert [(c["topology"], c["profile"]) for c in cells] == [
				("1n1l1c1t", "default"), ("1n1l1c1t", "llc"), ("1n2l1c1t", "default"), ("1n2l1c1t", "llc")], cells
			init = [next(p["verified_insns"] for p in c["programs"] if p["name"] == "ktstr_init") for c in cells]
			assert init[0] == init[2] and init[1] < init[3], init
		END
}

# Asked, this one attaches: in the guest, not here.
ignores_the_question() {
	cat >ignore.c <<-'END'
		#include <string.h>
		#include <unistd.h>
		extern const char image[], image_end[];
		int main(int argc, char **argv)
		{
			char *none[] = { "scx_ktstr", NULL };
			int fd = memfd_create("scx_ktstr", 0);
			(void)argc; (void)argv;
			if (write(fd, image, image_end - image) != image_end - image)
				return 9;
			return fexecve(fd, none, environ);
		}
	END
	printf '.section .rodata\n.globl image, image_end\nimage: .incbin "%s"\nimage_end:\n.section .note.GNU-stack,"",@progbits\n' \
		"$sched" >image.S
	gcc -w -D_GNU_SOURCE -static -o ignorant ignore.c image.S || return
	exits 0 verifier --scheduler-bin ./ignorant --all-profiles &&
		has 'scheduler does not support --ktstr-list-flags (it attached), running with default profile only' err &&
		has 'ktstr_enqueue' out || return
	exits 2 verifier --scheduler-bin ./ignorant --profiles llc && has 'cannot be honoured' err &&
		has flags-file err && exits 0 verifier --scheduler-bin ./ignorant --profiles default
}

answers() {
	for say in '' '[]' 'usage: none' '[{"name":"a b","args":[],"requires":[]}]'; do
		printf '#include <stdio.h>\nint main(void) { puts(WORDS); return CODE; }\n' >say.c
		printf '#define WORDS "%s"\n' "$(printf %s "$say" | sed 's/"/\\"/g')" >words.h
		gcc -w -include ./words.h -DCODE=0 -static -o "says" say.c || return
		case $say in
		'' | '[]') exits 4 verifier --scheduler-bin ./says --all-profiles && has 'default profile only' err || return ;;
		*) exits 11 verifier --scheduler-bin ./says --all-profiles && has 'parse --ktstr-list-flags output' err || return ;;
		esac
	done
	gcc -w -include ./words.h -DCODE=7 -static -o says say.c && exits 4 verifier --scheduler-bin ./says --all-profiles &&
		has '(exit status 7)' err
}

# Being told to stop ends all guests; what was done before is known afterwards. The argument makes the cells new ones.
interrupted() {
	set -- --scheduler-bin "$sched" --kernel "$key" --profiles default,llc,llc+steal,slice-short,weighted,llc+weighted
	ktstr verifier "$@" -- "--run-$now" >out 2>err &
	pid=$!
	within 240 grep -q 's verify' err || fail 'no cell was done'
	kill -TERM $pid
	wait $pid
	same 130 $? 'exit code' && same '' "$(leftovers)" processes || return
	done=$(grep -c 's verify' err)
	exits 0 ktstr verifier "$@" -- "--run-$now" || return
	[ "$(grep -c 's verify' err)" -le $((6 - done)) ] || { cat err; fail "$done cells were done, and are forgotten"; }
}

# By the name of a cargo package, which says its flags itself. A comment in its source runs nothing again.
by_package() {
	command -v cargo >/dev/null || { echo 'no cargo here'; return 0; }
	CARGO_TARGET_DIR=$work/target
	export CARGO_TARGET_DIR
	sh "$root/tests/rust-workspace.sh" ws "$sched" && cd ws || return
	exits 0 verifier --scheduler scx_two --release --bin plain --all-profiles --json && has 'verifying 3 profiles' ../err &&
		same 3 "$(grep -c '"verdict": "attached"' ../out)" attached && has '"scheduler": "plain"' ../out || return
	sed -i 's|$| // a comment|' scx_two/src/bin/plain.rs
	exits 0 verifier --scheduler scx_two --release --bin plain --all-profiles && has 'Compiling scx_two' ../err && hasnt 's verify' ../err &&
		exits 3 verifier --scheduler scx_two --release --bin refused && has 'rejected' ../out
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests all_profiles flags_of_a_file cached failures_stay_alone topologies ignores_the_question answers by_package interrupted nothing_left
