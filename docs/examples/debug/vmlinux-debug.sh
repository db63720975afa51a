#!/bin/sh
# vmlinux-debug.sh VMLINUX KALLSYMS FILE: what drgn, crash and gdb need of a kernel that comes without debug information, into FILE: all its
# types, from its BTF, its symbols, and the variables that they begin with. Takes bpftool, gcc and binutils.
#
# VMLINUX: with BTF, as the kernel cache has it. KALLSYMS: its /proc/kallsyms as root sees them, from a guest:
#   ktstr shell --kernel ID --exec 'cat /proc/kallsyms'
#
# What it cannot give: lines of the source, where arguments and local variables are, and all other variables' types, which BTF lacks; a script
# says the type then: Object(prog, "struct x", address=prog.symbol("y").address).
set -eu
[ $# = 3 ] || { echo "usage: vmlinux-debug.sh VMLINUX KALLSYMS FILE" >&2 && exit 2; }
for tool in bpftool gcc ld readelf awk; do
	command -v "$tool" >/dev/null || { echo "vmlinux-debug.sh: $tool is missing" >&2 && exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Name, type, and what follows the name.
cat >"$work/variables" <<'END'
init_task struct task_struct
init_pid_ns struct pid_namespace
init_mm struct mm_struct
init_uts_ns struct uts_namespace
root_task_group struct task_group
runqueues struct rq
map_idr struct idr
prog_idr struct idr
link_idr struct idr
modules struct list_head
scx_root struct scx_sched *
__cpu_possible_mask struct cpumask
__cpu_present_mask struct cpumask
__cpu_online_mask struct cpumask
nr_cpu_ids unsigned int
__per_cpu_offset unsigned long [8192]
END

id=$(readelf -n "$1" 2>/dev/null | sed -n 's/^ *Build ID: //p' | head -n 1)
awk '$1 !~ /[1-9a-f]/ { zero++ } END { exit !NR || zero == NR }' "$2" ||
	{ echo "vmlinux-debug.sh: $2 has no addresses: only root sees them" >&2 && exit 1; }
bpftool btf dump file "$1" format c >"$work/types.h"

# One section for each variable, at its address. What this kernel has not, or has no type for, is left out.
{
	echo '#include "types.h"'
	while read -r name kind type rest; do
		at=$(awk -v name="$name" '$3 == name { print $1; exit }' "$2")
		[ -n "$at" ] || continue
		case $kind in
		struct) grep -q "^struct $type {" "$work/types.h" || continue ;;
		esac
		array=
		case $rest in
		\[*) array=$rest && rest= ;;
		esac
		echo "$kind $type $rest $name $array __attribute__((section(\".at.$name\"), used));"
		echo "--section-start=.at.$name=0x$at" >>"$work/places"
		echo "$name" >>"$work/placed"
	done <"$work/variables"
} >"$work/types.c"
gcc -g -O0 -w -fno-eliminate-unused-debug-types -fno-builtin -fno-pie -c "$work/types.c" -o "$work/types.o"

# All other symbols of the kernel itself. Functions are in a section without content, or gdb takes them for data.
first=$(awk '$3 == "_stext" { print $1; exit }' "$2")
last=$(awk '$3 == "_etext" { print $1; exit }' "$2")
echo "--section-start=.kernel=0x$first" >>"$work/places"
awk -v first="$first" -v last="$last" 'FILENAME == ARGV[1] { had[$1] = 1; next }
	FNR == 1 { print ".section .kernel,\"ax\",@nobits\n.Lfirst: .space 0x" last " - 0x" first }
	$4 == "" && $3 ~ /^[A-Za-z_][A-Za-z0-9_.$]*$/ && $1 ~ /[1-9a-f]/ && !had[$3]++ {
		inside = $2 ~ /[tTwW]/ && $1 "" >= first "" && $1 "" < last ""
		print ".globl " $3 "\n.type " $3 ",@" ($2 ~ /[tTwW]/ ? "function" : "object")
		print ".set " $3 "," (inside ? ".Lfirst + 0x" $1 " - 0x" first : "0x" $1)
	}
	END { print ".section .note.GNU-stack,\"\",@progbits" }' "$work/placed" "$2" >"$work/symbols.s"
gcc -c "$work/symbols.s" -o "$work/symbols.o"

# shellcheck disable=SC2046 # options without blanks
ld -o "$work/out" "$work/types.o" "$work/symbols.o" $(cat "$work/places") ${id:+--build-id=0x$id} -e 0 --no-check-sections \
	--unresolved-symbols=ignore-all
mv "$work/out" "$3"
