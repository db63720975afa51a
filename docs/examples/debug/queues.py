# queues.py: run queues, tasks that want to run, and the scheduler's maps, for drgn (0.0.22 and later) on a core of `ktstr replay --core`:
#
#   drgn -c FILE -s VMLINUX queues.py
from drgn import cast
from drgn.helpers.linux.bpf import bpf_map_for_each
from drgn.helpers.linux.cpumask import for_each_online_cpu
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.pid import for_each_task

ARRAY = 2  # BPF_MAP_TYPE_ARRAY: also what global variables are in
SHOWN = 64

now = 0
for cpu in for_each_online_cpu(prog):
    rq = per_cpu(prog["runqueues"], cpu)
    now = max(now, rq.clock.value_())
    print(f"cpu{cpu}: nr_running {rq.nr_running.value_()}, of sched_ext {rq.scx.nr_running.value_()}, clock {rq.clock.value_()}")

for task in for_each_task(prog):
    name = f"{task.comm.string_().decode()} pid {task.pid.value_()}"
    if task.on_cpu:
        print(f"{name}: runs")
    elif task.on_rq:
        since = task.sched_info.last_queued.value_()
        waits = f"for {(now - since) / 1e6:.3f} ms" if since else "for a time that is not counted"
        dsq = task.scx.dsq
        print(f"{name}: waits {waits}, in DSQ {hex(dsq.id.value_()) if dsq else '-'}")

for bpf_map in bpf_map_for_each(prog):
    name = bpf_map.name.string_().decode()
    if bpf_map.map_type.value_() == ARRAY:
        size = min(bpf_map.value_size.value_(), SHOWN)
        print(f"map {name}: {prog.read(cast('struct bpf_array *', bpf_map).value.address_, size).hex()}")
    else:
        print(f"map {name}: {bpf_map.map_type.format_()}")
