#!/bin/sh
# one-slurm.sh DIR: a Slurm of this one machine in the folder DIR, with a munge of its own, on loopback; runs until its standard input ends. DIR/ready is
# there when jobs can be given to it: with SLURM_CONF=DIR/slurm.conf. NODE_CPUS: CPUs that it takes the machine to have, 4 unless set.
set -eu
dir=$1
mkdir -p "$dir/state" "$dir/spool"
chmod 755 "$dir"
# shellcheck disable=SC2046 # two numbers
set -- $(python3 -c 'import socket
all = [socket.socket() for _ in range(2)]
for s in all:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in all))')
head -c 1024 /dev/urandom >"$dir/munge.key"
chmod 400 "$dir/munge.key"
cat >"$dir/slurm.conf" <<END
ClusterName=one
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$1
SlurmdPort=$2
AuthType=auth/munge
AuthInfo=socket=$dir/munge.sock
CredType=cred/munge
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=5
SlurmdParameters=config_overrides
NodeName=one NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 CPUs=${NODE_CPUS:-4} RealMemory=65536 State=UNKNOWN
PartitionName=all Nodes=one Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END
echo CgroupPlugin=cgroup/v1 >"$dir/cgroup.conf"
SLURM_CONF=$dir/slurm.conf
export SLURM_CONF
munged --foreground --force --key-file="$dir/munge.key" --socket="$dir/munge.sock" --pid-file="$dir/munged.pid" --seed-file="$dir/munged.seed" \
	--log-file="$dir/munged.log" </dev/null &
pids=$!
trap 'kill $pids 2>/dev/null; wait' EXIT
trap 'exit 130' INT TERM
slurmctld -D -c </dev/null >"$dir/ctld.out" 2>&1 &
pids="$pids $!"
slurmd -D -N one </dev/null >"$dir/d.out" 2>&1 &
pids="$pids $!"
for _ in $(seq 300); do
	! sinfo -h -o %T 2>/dev/null | grep -qx idle || break
	sleep 0.1
done
sinfo -h -o %T | grep -qx idle || {
	tail -n 20 "$dir"/*.log "$dir"/*.out >&2
	exit 1
}
: >"$dir/ready"
cat >/dev/null
