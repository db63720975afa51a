#!/bin/sh
# Schedulers that are none: each has its verdict within its deadline, and leaves nothing behind.
. "$(dirname "$0")/../lib.sh"
use_shared_cache
key=$(sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }

# program NAME: a static program from the C text on stdin
program() {
	{
		echo '#include <fcntl.h>'
		echo '#include <signal.h>'
		echo '#include <stdio.h>'
		echo '#include <string.h>'
		echo '#include <unistd.h>'
		cat
	} >"$1.c"
	# shellcheck disable=SC2086 # CC="ccache gcc"
	${CC:-gcc} -D_GNU_SOURCE -O1 -w -static -o "$1" "$1.c"
}

# judged CODE PROGRAM [OPTION…]
judged() {
	want=$1 name=$2
	shift 2
	exits "$want" ktstr verifier --scheduler-bin "$name" --kernel "$key" "$@"
}

never_attaches() {
	program sleeper <<-END || return
		int main(void) { signal(SIGTERM, SIG_IGN); for (;;) pause(); }
	END
	judged 5 sleeper --timeout 1 && has 'timed out waiting for the scheduler to attach, 1 s' err && has '--timeout' err
}

never_stops_talking() {
	program talker <<-END || return
		int main(void) { static char b[65536]; memset(b, 10, sizeof b); for (;;) write(1, b, sizeof b); }
	END
	judged 5 talker --timeout 2 && has 'timed out' err
}

panics_the_guest() {
	program panic <<-END || return
		int main(void) { write(open("/proc/sysrq-trigger", 1), "c", 1); pause(); }
	END
	judged 6 panic && has 'guest panicked: sysrq triggered crash' err
}

# As the kernel says it where QEMU runs a breakpoint that is no longer there; taking turns says it as well, and that stands.
runs_old_code() {
	program breakpoint <<-END || return
		int main(void)
		{
			write(open("/dev/kmsg", 1), "<0>Oops: int3: made up", 22);
			write(open("/proc/sysrq-trigger", 1), "c", 1);
			pause();
		}
	END
	judged 6 breakpoint --topology 1,2,1,1 && has 'guest panicked: sysrq triggered crash' err &&
		same 1 "$(grep -c 'boots again with vCPUs that take turns' err)" notes || return
	judged 6 breakpoint --topology 1,1,1,1 && hasnt 'take turns' err
}

kills_everything() {
	program killer <<-END || return
		int main(void) { kill(-1, SIGKILL); kill(1, SIGKILL); puts("init lives"); return 3; }
	END
	judged 4 killer && has 'exit status 3' err && has 'init lives' out
}

draws_on_the_terminal() {
	program painter <<-END || return
		int main(void) { puts("libbpf: failed to load\\033[2J\\007"); return 1; }
	END
	judged 4 painter && has 'before it attached: libbpf: failed to load?' err && has '  libbpf: failed to load?' out &&
		judged 4 painter --raw && has "$(printf 'load\033[2J\007')" out
}

prints_too_much() {
	program printer <<-END || return
		int main(void) { for (int i = 0; i < 300000; i++) puts("0123456789"); return 1; }
	END
	# A MiB of it, and two blanks before each of its lines of eleven bytes.
	judged 4 printer && has 'bytes left out; all of it: /' out && [ "$(wc -c <out)" -lt $(((1048576 / 11 + 1000) * 13)) ] || return
	judged 4 printer --raw && [ "$(wc -c <out)" -gt 3300000 ]
}

# shellcheck disable=SC2016,SC1003 # nothing here is to be expanded
odd_arguments() {
	program echo <<-END || return
		int main(int n, char **v) { for (int i = 1; i < n; i++) printf("<%s>\\n", v[i]); return 1; }
	END
	judged 4 echo --raw -- "$(printf 'two\nlines')" "$(printf 'a\ttab')" 'back\012slash' '\\' "it's" 'a "b" $HOME `id`' '' &&
		sed -n '/^</,$p' out >args && printf '<%s>\n' "$(printf 'two\nlines')" "$(printf 'a\ttab')" \
		'back\012slash' '\\' "it's" 'a "b" $HOME `id`' '' | diff - args
}

# A damaged file in the build folder, which ninja takes for up to date: told as what it led to, healed by the next run.
guest_does_not_boot() {
	own_store "$work/store" "$key" && judged 0 "$O/sched/scx_ktstr" || return
	folder=$(echo "$KTSTR_STORE"/graphs/verifier-*)
	chmod u+w "$folder/guest/initramfs.cpio" && : >"$folder/guest/initramfs.cpio" || return
	judged 6 "$O/sched/scx_ktstr" && has 'not run: boot' err && has 'guest panicked' err && has '  not run: boot ' out &&
		judged 0 "$O/sched/scx_ktstr"
}

nothing_left() {
	same '' "$(leftovers)" processes
}

run_tests never_attaches never_stops_talking panics_the_guest runs_old_code kills_everything odd_arguments draws_on_the_terminal \
	prints_too_much guest_does_not_boot nothing_left
