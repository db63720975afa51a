#!/bin/sh
# A real scheduler on a real kernel, from the command line to guest memory and back.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
sched=$O/sched/scx_ktstr

attaches() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cross-check --force &&
		has 'ktstr_enqueue' out && has 'ktstr_dispatch' out && has 'verified_insns=' out &&
		has 'cross-check with bpf_prog_info: agrees' out && has 'accelerator' out
}

cached() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" &&
		exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --explain &&
		same 6 "$(grep -c '^  cached' err)" 'cached steps' && hasnt 's verify' err
}

equal_content_is_cached() {
	cp "$sched" copy && touch copy || return
	exits 0 ktstr verifier --scheduler-bin copy --kernel "$key" && has 'cached  verify copy' err
}

older_content_is_seen() {
	cp "$sched" copy
	exits 0 ktstr verifier --scheduler-bin copy --kernel "$key" || return
	cp /bin/false copy && touch -d 2001-01-01 copy || return
	exits 4 ktstr verifier --scheduler-bin copy --kernel "$key"
}

# shellcheck disable=SC2016 # $ORIGIN is for the loader
older_library_is_seen() {
	cat >lib.c <<-END
		#include <stdio.h>
		void hello(void) { puts("libbpf: failed to load " WORD); }
	END
	echo 'void hello(void); int main(void) { hello(); return 1; }' >main.c
	mkdir lib
	gcc -shared -fPIC -DWORD='"first"' -o lib/libhello.so lib.c &&
		gcc -w -o libsched main.c -Llib -lhello '-Wl,-rpath,$ORIGIN/lib' || return
	exits 4 ktstr verifier --scheduler-bin libsched --kernel "$key" && has first out || return
	gcc -shared -fPIC -DWORD='"second"' -o new.so lib.c && touch -d 2001-01-01 new.so && mv new.so lib/libhello.so || return
	exits 4 ktstr verifier --scheduler-bin libsched --kernel "$key" && has second out
}

another_argument_runs() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force --explain -- --llc-aware &&
		has 'verified_insns=' out
}

json() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json && has '"verdict": "attached"' out &&
		has '"verified_insns": ' out
}

# The counts of the cell that was run last: programs that ran, in the report; tasks, in its folder.
callbacks_are_counted() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json --workload 100 --cross-check &&
		has '"cross_check": ""' out || return
	python3 - out <<-'END'
		import json, sys
		cell = json.load(open(sys.argv[1]))["cells"][0]
		ran = {p["name"]: (p["run_cnt"], p["run_ns"]) for p in cell["programs"]}
		assert ran["ktstr_enqueue"][0] > 0 and ran["ktstr_enqueue"][1] > 0, ran
		assert ran["ktstr_dispatch"][0] > 0 and ran["ktstr_init"] == (0, 0), ran
		d = json.load(open(cell["dir"] + "/result.json"))["dispatches"]
		assert d["progress"] and d["attached"] and d["ms"] >= 100, d
		assert [t["kind"] for t in d["tasks"]] == ["spin", "sleep", "yield"], d
		assert d["tasks"][0]["turns"] > 0 and 0 < d["tasks"][0]["wall_ns"], d
	END
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json --workload 0 && has '"run_cnt": null' out
}

does_not_dispatch() {
	exits 4 ktstr verifier --scheduler-bin "$sched" --kernel "$key" -- --stall-after 0 &&
		has 'stalled: does not dispatch: none of 3 tasks ran in ' out && has 'ktstr_enqueue' out
}

rejected() {
	exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" -- --fail-verify &&
		has 'scheduler log' out && has 'rejected' out && has 'processed=' out
}

rejected_loop() {
	exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" -- --verify-loop &&
		has 'identical iterations omitted' out &&
		exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --raw -- --verify-loop &&
		hasnt 'identical iterations omitted' out && has 'BEGIN PROG LOAD LOG' out
}

# evidence FILE WANTED: what result.json says of the call that failed, "BY CALL ERRNO PROGRAM".
evidence() {
	same "$2" "$(python3 -c '
import json, sys
e = json.load(open(sys.argv[1]))["cells"][0]["evidence"]
print("none" if e is None else " ".join(e[k] or "-" for k in ("by", "call", "errno", "program")))' "$1")" evidence
}

refusals_have_evidence() {
	exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json -- --fail-verify &&
		evidence out 'kernel BPF_PROG_LOAD EACCES ktstr_dispatch' || return
	exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json -- --unprivileged &&
		evidence out 'kernel BPF_PROG_LOAD EPERM -' || return
	exits 3 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json -- --patient &&
		evidence out 'kernel struct_ops value E2BIG -' && grep -q '"class": "attach"' out
}

# The same program with one name in its BPF object replaced by one of the same length.
# What may pass is no refusal, whatever the call, and is not kept: another scheduler in the way, no memory.
accidents_are_not_kept() {
	for again in 1 2; do
		exits 4 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json --workload 1000 -- --twice &&
			evidence out 'kernel BPF_LINK_CREATE EBUSY -' && has '"verdict": "died"' out && has 'failed  verify' err || fail "time $again" || return
	done
	exits 4 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json -- --hungry &&
		evidence out 'kernel BPF_MAP_CREATE ENOMEM ktstr_hungry' && has '"verdict": "died"' out
}

libbpf_refuses() {
	sed 's/scx_bpf_kick_cpu/scx_bpf_kick_cpX/g' "$sched" >kfunc && sed 's/timeout_ms/timeout_mX/g' "$sched" >member &&
		chmod +x kfunc member || return
	exits 3 ktstr verifier --scheduler-bin ./kfunc --kernel "$key" --json && has '"by": "libbpf"' out &&
		has '"class": "missing-symbol"' out || return
	exits 3 ktstr verifier --scheduler-bin ./member --kernel "$key" --json && has '"by": "libbpf"' out &&
		has '"class": "struct-ops"' out
}

# All that used to be taken for a refusal, and an errno as libbpf tells it, from a program that asks the kernel nothing.
words_are_no_evidence() {
	cat >words.c <<-'END'
		#include <stdio.h>
		int main(void)
		{
			puts("-- BEGIN PROG LOAD LOG --\n0: (b7) r0 = 1\nR0 invalid\nprocessed 1 insns\n-- END PROG LOAD LOG --\n"
			     "libbpf: prog 'x': BPF program load failed: Invalid argument\n"
			     "libbpf: extern (func ksym) 'x': not found in kernel or module BTFs\n"
			     "libbpf: struct_ops init_kern x: Cannot find member y in kernel BTF\n"
			     "libbpf: failed to load object 'x'\nlibbpf: failed to load BPF skeleton 'x': -22\n"
			     "failed to load\nFailed to load\nfailed to attach\nFailed to attach");
			return 1;
		}
	END
	gcc -o words words.c || return
	exits 4 ktstr verifier --scheduler-bin ./words --kernel "$key" --json && evidence out none &&
		exits 4 ktstr verifier --scheduler-bin ./words --kernel "$key" && has 'failed  verify' err
}

# A map and a program that the kernel refuses to a loader that has no scheduler yet: its end is a refusal if it complains of it.
questions_are_no_evidence() {
	cat >asks.c <<-'END'
		#include <errno.h>
		#include <linux/bpf.h>
		#include <stdio.h>
		#include <string.h>
		#include <sys/syscall.h>
		#include <unistd.h>
		static int asks(int cmd, union bpf_attr *a)
		{
			return syscall(SYS_bpf, cmd, a, sizeof(*a)) < 0 ? errno : 0;
		}
		int main(int argc, char **argv)
		{
			union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .map_name = "asked_map" };
			struct bpf_insn none = { .code = 0x95 };
			union bpf_attr prog = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insns = (long)&none, .insn_cnt = 1,
						.license = (long)"GPL", .prog_name = "asked_program_w" };
			const char *how = argv[argc - 1];
			if (*how == 't') { /* a tracepoint that is not there, which it could do without */
				struct bpf_insn fine[] = { { .code = 0xb7 }, { .code = 0x95 } };
				union bpf_attr raw = { .prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT, .insns = (long)fine,
						       .insn_cnt = 2, .license = (long)"GPL" };
				union bpf_attr open = { .raw_tracepoint = { (long)"none", syscall(SYS_bpf, BPF_PROG_LOAD, &raw, sizeof(raw)) } };
				if (asks(BPF_RAW_TRACEPOINT_OPEN, &open) != ENOENT)
					return 0;
			}
			int error = *how == 't' ? 0 : asks(*how == 'm' ? BPF_MAP_CREATE : BPF_PROG_LOAD, *how == 'm' ? &map : &prog);
			if (!strcmp(how, "map"))
				printf("map: %s\n", strerror(error));
			else if (!strcmp(how, "program"))
				printf("libbpf: prog 'asked_program_with_a_name': BPF program load failed: %s\n", strerror(error));
			else
				puts("error: cannot open /etc/scx.toml: No such file or directory");
			return 1;
		}
	END
	gcc -o asks asks.c || return
	for how in map-quiet program-quiet tracepoint; do
		exits 4 ktstr verifier --scheduler-bin ./asks --kernel "$key" --json -- $how && evidence out none || return
	done
	has 'cannot open /etc/scx.toml' out || return
	exits 3 ktstr verifier --scheduler-bin ./asks --kernel "$key" --json -- map && evidence out 'kernel BPF_MAP_CREATE EINVAL asked_map' || return
	exits 3 ktstr verifier --scheduler-bin ./asks --kernel "$key" --json -- program &&
		evidence out 'kernel BPF_PROG_LOAD EACCES asked_program_w'
}

# The kernel's own names are the same; memory, report and cross-check have both.
whole_names() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --json --cross-check &&
		has '"cross_check": ""' out && has '"name": "ktstr_hotplug_cpu_online"' out &&
		has '"name": "ktstr_hotplug_cpu_offline"' out &&
		same 2 "$(grep -c '"short": "ktstr_hotplug_c"' out)" 'short names' || return
	cp out new
	sed -e '/"short":/d' -e 's/"ktstr_hotplug_c[a-z_]*"/"ktstr_hotplug_c"/' new >old
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cross-check --diff old &&
		grep -q '  ktstr_hotplug_cpu_online .* +0' out && grep -q '  ktstr_hotplug_cpu_offline .* +0' out &&
		hasnt ' new ' out && hasnt ' gone ' out
}

died() {
	exits 4 ktstr verifier --scheduler-bin /bin/false --kernel "$key" && has 'died' out &&
		exits 4 ktstr verifier --scheduler-bin /bin/false --kernel "$key" && has 'failed  verify' err &&
		has 'cached  scheduler false' err && hasnt 'not run' err && has 'logs of guest and scheduler: /' err
}

cold() {
	exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --cold --force --cross-check &&
		has 'agrees' out
}

# A QEMU that was built without seccomp: the guest runs in it all the same, after one that was refused the option.
without_sandbox() {
	program=qemu-system-$(uname -m)
	real=$(command -v "$program") && mkdir bin || return
	cat >"bin/$program" <<-END
		#!/bin/sh
		echo "\$*" >>$work/calls
		case \$* in *-sandbox*) echo "$program: -sandbox: invalid option" >&2; exit 1 ;; esac
		exec $real "\$@"
	END
	chmod +x "bin/$program" || return
	PATH=$work/bin:$PATH exits 0 ktstr verifier --scheduler-bin "$sched" --kernel "$key" --force --workload 1 || return
	grep -q -- '-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny' calls &&
		tail -n 1 calls | grep -q -- '-incoming defer' && tail -n 1 calls | grep -vq sandbox
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests attaches cached equal_content_is_cached older_content_is_seen \
	older_library_is_seen another_argument_runs json callbacks_are_counted does_not_dispatch rejected rejected_loop refusals_have_evidence accidents_are_not_kept \
	libbpf_refuses words_are_no_evidence questions_are_no_evidence whole_names died cold \
	without_sandbox nothing_left
