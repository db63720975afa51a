"""sidecars.py: sidecar files for tests/cli/test-stats.sh, and the report on them computed a second time.

    sidecars.py example FOLDER       the worked examples, a folder each
    sidecars.py random SEED N FOLDER N files of random content, as 0.3.2 and we write them
    sidecars.py newer SEED N FOLDER  the same with what newer versions write, and with nulls
    sidecars.py report FOLDER        what test-stats has to print, by the formulas of docs/stats.md
    sidecars.py hostile FOLDER       files that are none; the last line printed is how many
    sidecars.py broken FOLDER        JSON that breaks the schema; a line each: name, what is said about it

The report shares nothing with the program: rows are dictionaries, sums are exact, groups are lists."""
import json
import math
import os
import random
import sys
from collections import defaultdict

PRESETS = {"tiny-1llc": 4, "smt-3llc": 12, "medium-4llc": 32, "large-8llc": 128, "numa4-12llc": 192}


def sidecar(name, **more):
    """The least that 0.3.2 takes for a sidecar."""
    own = {
        "test_name": name,
        "topology": "1n1l2c1t",
        "scheduler": "scx_ktstr",
        "passed": True,
        "stats": {"cgroups": [], "total_workers": 2, "total_cpus": 2, "total_migrations": 0, "worst_spread": 5.0,
                  "worst_gap_ms": 20, "worst_gap_cpu": 0},
        "stimulus_events": [],
    }
    stats = more.pop("stats", {})
    own.update(more)
    own["stats"].update(stats)
    return own


def monitor(imbalance=1.0, dsq=0, stall=False, fallback=None, keep_last=0):
    own = {"total_samples": 42, "max_imbalance_ratio": imbalance, "max_local_dsq_depth": dsq, "stall_detected": stall}
    if fallback is not None:
        own["event_deltas"] = {"total_fallback": fallback, "fallback_rate": 0.0, "max_fallback_burst": 0,
                               "total_dispatch_offline": 0, "total_dispatch_keep_last": keep_last,
                               "keep_last_rate": 0.0, "total_enq_skip_exiting": 0,
                               "total_enq_skip_migration_disabled": 0}
    return own


def write(folder, name, content):
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/{name}.ktstr.json", "w", encoding="utf-8") as f:
        json.dump(content, f, indent=2)


def example(folder):
    write(f"{folder}/two", "sched_a", sidecar("sched_a", monitor=monitor(2.0, 3, False, 0)))
    write(f"{folder}/two", "sched_b",
          sidecar("sched_b", topology="1n2l4c1t", passed=False, monitor=monitor(5.5, 61, True, 1200),
                  stats={"worst_spread": 42.5, "worst_gap_ms": 3500}))
    for i, spread in enumerate([5, 6, 4, 5, 5, 60]):
        write(f"{folder}/outlier", f"t{i + 1}",
              sidecar(f"t{i + 1}", topology="1n4l4c2t", stats={"worst_spread": float(spread), "worst_gap_ms": 0}))
    deltas = [{"name": "ktstr_enqueue", "cnt": 1000, "nsecs": 2500000, "nsecs_per_call": 2500.0}]
    vcpus = [{"exits": 1000, "halt_exits": 10, "halt_wait_ns": 5000000, "halt_successful_poll": 1,
              "halt_attempted_poll": 2, "signal_exits": 1},
             {"exits": 3000, "halt_exits": 20, "halt_wait_ns": 10000000, "halt_successful_poll": 2,
              "halt_attempted_poll": 2, "signal_exits": 2}]
    write(f"{folder}/rest", "x", sidecar("x", verifier_stats=[{"name": "enq", "verified_insns": 500},
                                                              {"name": "disp", "verified_insns": 812345}],
                                         monitor=monitor(), kvm_stats={"per_vcpu": vcpus}))
    write(f"{folder}/rest", "y", sidecar("y", verifier_stats=[{"name": "enq", "verified_insns": 480}],
                                         monitor={**monitor(), "prog_stats_deltas": deltas}))


def random_sidecar(r):
    flags = r.choice(["default", "llc", "llc+steal", "slice-short", "llc+slice-short"])
    own = sidecar(f"test_{r.randrange(9)}", passed=r.random() < 0.8, work_type=r.choice(["CpuSpin", "Bursty"]),
                  scheduler=r.choice(["scx_a", "scx_b"]), flags=flags, replica=r.randrange(1, 4),
                  topology=r.choice(["1n1l2c1t", "1n2l4c2t", "2n4l4c2t"]),
                  stats={"worst_spread": r.expovariate(0.05), "worst_gap_ms": r.randrange(4000),
                         "total_migrations": r.randrange(5000), "worst_migration_ratio": r.random(),
                         "p99_wake_latency_us": r.expovariate(0.01), "wake_latency_cv": r.random(),
                         "mean_run_delay_us": r.expovariate(0.001), "worst_run_delay_us": r.expovariate(0.0001),
                         "total_iterations": r.randrange(10**12)})
    if r.random() < 0.5:
        own["preset"] = r.choice(list(PRESETS))
    if r.random() < 0.7:
        own["kernel"] = r.choice(["6.12.117", "7.3.4"])
    if r.random() < 0.9:
        own["monitor"] = monitor(1 + r.expovariate(0.5), r.randrange(100), r.random() < 0.2,
                                 r.randrange(-5, 2000) if r.random() < 0.7 else None, r.randrange(500))
        if r.random() < 0.5:
            own["monitor"]["prog_stats_deltas"] = [
                {"name": f"prog_{i}", "cnt": r.randrange(10**6), "nsecs": r.randrange(10**12),
                 "nsecs_per_call": r.expovariate(0.001)} for i in range(r.randrange(4))]
    if r.random() < 0.4:
        own.update(worst_degradation_op=r.choice(["SetCpuset", "Spawn", "StopCgroup"]), degradation_count=2,
                   worst_imbalance_delta=r.uniform(-1, 3), worst_dsq_delta=r.uniform(-2, 30),
                   worst_fallback_delta=r.uniform(0, 100))
    if r.random() < 0.5:
        own["verifier_stats"] = [{"name": f"prog_{i}", "verified_insns": int(10 ** r.uniform(1, 6.05))}
                                 for i in range(r.randrange(6))]
    if r.random() < 0.3:
        own["kvm_stats"] = {"per_vcpu": [
            {"exits": r.randrange(10**6), "halt_exits": r.randrange(1000), "halt_wait_ns": r.randrange(10**10),
             "halt_successful_poll": r.randrange(50), "halt_attempted_poll": 50 + r.randrange(50),
             "preemption_reported": r.randrange(3), "signal_exits": r.randrange(100), "hypercalls": r.randrange(9)}
            for _ in range(r.randrange(5))]}
    return own


def make_newer(r, own):
    """Three verdicts, another name for the kernel, stalls that are counted, null for what is no number."""
    own.update(skipped=r.random() < 0.1, inconclusive=r.random() < 0.1, expected_failure=False, sysctls=["a=b"],
               host={"kernel": {"a": [1, None]}}, payload=None)
    if "kernel" in own and r.random() < 0.5:
        own["kernel_version"] = own.pop("kernel")
    if "monitor" in own:
        if r.random() < 0.5:
            own["monitor"]["stuck_count"] = 3 * own["monitor"].pop("stall_detected")
        own["monitor"]["avg_irq_util"] = None
        for p in own["monitor"].get("prog_stats_deltas", []):
            if r.random() < 0.1:
                p["nsecs_per_call"] = None
    own["stats"]["cgroups"] = [{"cgroup_name": "c", "num_workers": 1, "cpus_used": [0], "num_cpus": 1,
                                "avg_off_cpu_pct": None, "min_off_cpu_pct": None, "max_off_cpu_pct": None,
                                "spread": None, "max_gap_ms": 0, "max_gap_cpu": 0, "total_migrations": 0,
                                "ext_metrics": {"a": 1.5, "b": None}}]
    for s in ("worst_spread", "wake_latency_cv", "mean_run_delay_us"):
        if r.random() < 0.1:
            own["stats"][s] = None
    return own


def generate(seed, n, folder, newer=False):
    r = random.Random(seed)
    for i in range(n):
        where, name = f"{folder}/sub{i % 3}" if i % 4 == 0 else folder, f"{r.randrange(10**9)}-{i}"
        write(where, name, make_newer(r, random_sidecar(r)) if newer else random_sidecar(r))


METRICS = [("spread", lambda s, m: s["worst_spread"]), ("gap_ms", lambda s, m: s["worst_gap_ms"]),
           ("migrations", lambda s, m: s["total_migrations"]),
           ("migration_ratio", lambda s, m: s.get("worst_migration_ratio", 0)),
           ("imbalance", lambda s, m: m.get("max_imbalance_ratio", 0)),
           ("dsq_depth", lambda s, m: m.get("max_local_dsq_depth", 0)),
           ("stalls", lambda s, m: int(m.get("stall_detected", m.get("stuck_count", 0)))),
           ("fallback", lambda s, m: m.get("event_deltas", {}).get("total_fallback", 0)),
           ("keep_last", lambda s, m: m.get("event_deltas", {}).get("total_dispatch_keep_last", 0)),
           ("p99_wake_lat_us", lambda s, m: s.get("p99_wake_latency_us", 0)),
           ("wake_latency_cv", lambda s, m: s.get("wake_latency_cv", 0)),
           ("mean_run_delay_us", lambda s, m: s.get("mean_run_delay_us", 0)),
           ("worst_run_delay_us", lambda s, m: s.get("worst_run_delay_us", 0))]


def known(values):
    return [v for v in values if v is not None]


def mean(values):
    values = known(values)
    return math.fsum(values) / len(values) if values else 0.0


def deviation(values):
    values = known(values)
    if len(values) < 2:
        return 0.0
    m = mean(values)
    return math.sqrt(math.fsum((v - m) ** 2 for v in values) / (len(values) - 1))


def read_all(folder):
    def of(path):
        return sorted(e for e in os.listdir(path) if e.endswith(".ktstr.json"))
    paths = [f"{folder}/{e}" for e in of(folder)]
    for sub in sorted(e for e in os.listdir(folder) if os.path.isdir(f"{folder}/{e}")):
        paths += [f"{folder}/{sub}/{e}" for e in of(f"{folder}/{sub}")]
    return [json.load(open(p, encoding="utf-8")) for p in paths]


def row_of(d):
    row = {name: get(d["stats"], d.get("monitor", {})) for name, get in METRICS}
    row = {name: None if v is None or d.get("skipped") else float(v) for name, v in row.items()}
    row.update(skipped=d.get("skipped", False), inconclusive=d.get("inconclusive", False) and not d.get("skipped"),
               missing=0 if d.get("skipped") else sum(v is None for v in row.values()))
    row["missing"] += sum(p["nsecs_per_call"] is None for p in d.get("monitor", {}).get("prog_stats_deltas", []))
    row.update(scenario=d["test_name"], flags=d.get("flags", ""), work=d.get("work_type", "CpuSpin"),
               topology=d.get("preset") or d.get("actual_topology") or d["topology"],
               passed=d["passed"] and not row["skipped"] and not row["inconclusive"],
               replica=d.get("replica", 1), kernel=d.get("kernel") or d.get("kernel_version"), op=d.get("worst_degradation_op", ""),
               degradations=0 if row["skipped"] else d.get("degradation_count", 0))
    for name, member in (("imbalance", "imbalance"), ("dsq_depth", "dsq"), ("fallback", "fallback"),
                         ("keep_last", "keep_last")):
        row["d_" + name] = None if row["skipped"] else d.get(f"worst_{member}_delta", 0.0)
    return row


def grouped(rows, *keys):
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[k] or "" for k in keys)].append(row)
    return sorted(groups.items())


def verdicts(g, behind=""):
    passed, skipped, inconclusive = (sum(r[v] for r in g) for v in ("passed", "skipped", "inconclusive"))
    more = f" ({skipped} skipped, {inconclusive} inconclusive, {len(g) - passed - skipped - inconclusive} failed)"
    return f"{passed}/{len(g)}{behind}{more if skipped + inconclusive else ''}"


def shown(values, form, unit=""):
    return f"{mean(values):{form}}{unit}" if known(values) else "-"


def pass_rates(rows):
    if all(r["replica"] == 1 for r in rows):
        return
    groups = grouped(rows, "scenario", "flags", "topology", "work")
    groups.sort(key=lambda g: sum(r["passed"] for r in g[1]))
    failed = [g for g in groups if not all(r["passed"] or r["skipped"] for r in g[1])]
    print("Cgroups with <100% pass rate:" if failed else "All cgroups passed across all replicas.")
    for (scenario, flags, topology, _), g in failed:
        spreads, gaps = [r["spread"] for r in g], [r["gap_ms"] for r in g]
        plus = f"±{deviation(spreads):.1f}" if deviation(spreads) > 0 else ""
        span = f"[{min(known(gaps)):.0f}-{max(known(gaps)):.0f}]" if len(set(known(gaps))) > 1 else ""
        print(f"  {topology}/{scenario}/{flags}  {verdicts(g)}"
              f"  spread={shown(spreads, '.1f')}{plus}  gap={shown(gaps, '.0f')}{span}")
    print()


def outliers(rows):
    found = []
    for order, (metric, _) in enumerate(METRICS):
        values = [r[metric] for r in rows]
        mu, sigma = mean(values), deviation(values)
        if sigma < sys.float_info.epsilon:
            continue
        limit = mu + 2 * sigma
        for (scenario, flags), g in grouped(rows, "scenario", "flags"):
            m = mean([r[metric] for r in g])
            if known([r[metric] for r in g]) and m > limit:
                z = (m - mu) / sigma
                found.append((-z, order, scenario, flags, metric, m, mu,
                              [r["topology"] for r in g if r[metric] is not None and r[metric] > limit]))
    print("Outliers detected:" if found else "No outliers detected.")
    for z, _, scenario, flags, metric, m, mu, worst in sorted(found, key=lambda o: o[:4]):
        print(f"  {scenario} + {flags}: {metric} {m:.1f} (overall avg {mu:.1f}, +{-z:.1f}σ)")
        if worst:
            print(f"    worst on: {', '.join(worst)}")


def dimension(rows, title, key, least=0):
    groups = [(k[0], g) for k, g in grouped(rows, key)]
    if len(groups) < least:
        return
    print(f"\n{title}")
    def order(x):
        spreads = known([r["spread"] for r in x[1]])
        return (not spreads, -mean(spreads), x[0])
    for name, g in sorted(groups, key=order):
        def avg(metric):
            return mean([r[metric] for r in g])
        line = f"  {name or ('-' if key == 'kernel' else ''):<25} {verdicts(g, ' passed')}"
        line += f"  avg_spread={shown([r['spread'] for r in g], '.1f', '%')}"
        line += f"  avg_gap={shown([r['gap_ms'] for r in g], '.0f', 'ms')}"
        line += f"  imbal={avg('imbalance'):.1f}" if avg("imbalance") > 1 else ""
        line += f"  dsq={avg('dsq_depth'):.0f}" if avg("dsq_depth") > 0 else ""
        stalls = int(sum(known([r["stalls"] for r in g])))
        line += f"  stalls={stalls}" if stalls > 0 else ""
        line += f"  fallback={avg('fallback'):.0f}" if avg("fallback") > 0 else ""
        print(line)


def cpus(topology):
    if topology in PRESETS:
        return PRESETS[topology]
    _, llcs, cores, threads = [int(n) for n in topology.replace("n", " ").replace("l", " ").replace("c", " ")
                               .replace("t", " ").split()]
    return llcs * cores * threads


def cross_tab(rows):
    if not sum(r["degradations"] for r in rows):
        return
    print("\n=== STIMULUS CROSS-TAB ===\n\nWorst stimulus by metric:")
    for metric in ("imbalance", "dsq_depth", "fallback", "keep_last"):
        groups = grouped([r for r in rows if (r["d_" + metric] or 0) > 0], "flags", "op")
        if not groups:
            print(f"  {metric:<12} (no significant degradation)")
            continue
        (flags, op), g = max(groups, key=lambda x: mean([r["d_" + metric] for r in x[1]]))
        print(f"  {metric:<12} {op} + {flags:<12} avg_delta={mean([r['d_' + metric] for r in g]):+.1f}"
              f"  in {len(g)} runs")
    groups = grouped([r for r in rows if r["stalls"]], "flags", "op")
    if groups:
        (flags, op), g = max(groups, key=lambda x: sum(r["stalls"] for r in x[1]))
        print(f"  {'stalls':<12} {op} + {flags:<12} {sum(r['stalls'] for r in g):.0f} stalls in {len(g)} runs")
    names = sorted({f for r in rows for f in r["flags"].split("+")} - {"", "default"})
    if not names:
        return
    print("\nFlag decomposition (avg metric delta when flag present vs absent):")
    print(" " * 16 + "imbalance     dsq_depth     fallback      stalls")
    having = {f: [r for r in rows if f in r["flags"].split("+")] for f in names}
    for f, g in having.items():
        d = [mean([r["d_" + m] for r in g]) - mean([r["d_" + m] for r in rows])
             for m in ("imbalance", "dsq_depth", "fallback")]
        print(f"  {f:<14}" + "".join(f"{v:+.1f}        " for v in d) + f"{mean([r['stalls'] for r in g]):.1f}")
    buckets = [("<=8cpu", 0, 8), ("9-32cpu", 9, 32), ("33-128cpu", 33, 128), (">128cpu", 129, 10**9)]
    print("\nFlag x topology (imbalance delta):")
    print(" " * 16 + "".join(f"{b[0]:<12}" for b in buckets))
    for f, g in having.items():
        print(f"  {f:<14}" + "".join(
            f"{mean([r['d_imbalance'] for r in g if low <= cpus(r['topology']) <= high]):+.1f}      "
            for _, low, high in buckets))


def verifier(files):
    most = {}
    for d in files:
        for p in d.get("verifier_stats", []):
            most[p["name"]] = max(most.get(p["name"], 0), p["verified_insns"])
    if not most:
        return
    print(f"\n=== BPF VERIFIER STATS ===\n\n  {'program':<24} {'verified':>12} {'limit%':>8}")
    print(f"  {'-' * 24} {'-' * 12} {'-' * 8}")
    near = []
    for name, n in sorted(most.items()):
        percent = n / 1000000 * 100
        print(f"  {name:<24} {n:>12} {percent:>7.1f}%{' !' if percent >= 75 else ''}")
        if percent >= 75:
            near.append(f"  {name}: {percent:.1f}% of 1M limit ({n} verified insns)")
    print(f"\n  total verified insns: {sum(most.values())}")
    if near:
        print("\nWARNING: programs near verifier complexity limit:\n" + "\n".join(near))


def profile(files, rows):
    title = "\n=== BPF CALLBACK PROFILE ==="
    for d, row in zip(files, rows):
        deltas = d.get("monitor", {}).get("prog_stats_deltas")
        if not deltas:
            continue
        more = "".join(f", {x}" for x in (row["flags"], row["kernel"]) if x)
        print(f"{title}\n  {row['scenario']} ({row['topology']}{more}):" if not title else
              f"{title}\n\n  {row['scenario']} ({row['topology']}{more}):")
        title = ""
        print(f"    {'program':<24} {'cnt':>12} {'total_ns':>14} {'avg_ns':>12}")
        print(f"    {'-' * 24} {'-' * 12} {'-' * 14} {'-' * 12}")
        for p in deltas:
            per_call = "-" if p["nsecs_per_call"] is None else f"{p['nsecs_per_call']:.0f}"
            print(f"    {p['name']:<24} {p['cnt']:>12} {p['nsecs']:>14} {per_call:>12}")


def kvm(files):
    vms = [d["kvm_stats"]["per_vcpu"] for d in files if "kvm_stats" in d]

    def total(stat):
        return sum(c.get(stat, 0) for vm in vms for c in vm)

    def avg(stat):
        return sum(sum(c.get(stat, 0) for c in vm) // len(vm) if vm else 0 for vm in vms) // len(vms)
    if not vms or not avg("exits"):
        return
    tried = total("halt_attempted_poll")
    polls = total("halt_successful_poll") / tried * 100 if tried else 0
    print(f"\n=== KVM STATS (avg across {len(vms)} VMs) ===\n")
    print(f"  exits/vcpu  {avg('exits'):>7}   halt/vcpu     {avg('halt_exits'):>5}"
          f"   halt_wait_ms {avg('halt_wait_ns') / 1e6:>7.1f}")
    print(f"  poll_ok%    {polls:>6.1f}%   preempted/vcpu {avg('preemption_reported'):>4}"
          f"   signal/vcpu  {avg('signal_exits'):>7}")
    if avg("hypercalls"):
        print(f"  hypercalls/vcpu {avg('hypercalls'):>4}")
    if total("preemption_reported"):
        print(f"\n  WARNING: {total('preemption_reported')} host preemptions detected"
              " -- timing results may be unreliable")


def report(folder):
    files = read_all(folder)
    rows = [row_of(d) for d in files]
    print("\n=== GAUNTLET ANALYSIS ===\n")
    pass_rates(rows)
    outliers(rows)
    dimension(rows, "By scenario (worst first):", "scenario")
    dimension(rows, "By flags:", "flags")
    dimension(rows, "By topology:", "topology")
    dimension(rows, "By work_type:", "work", 2)
    if any(r["kernel"] for r in rows):
        dimension(rows, "By kernel:", "kernel", 2)
    missing = sum(r["missing"] for r in rows)
    if missing:
        print(f"\n{missing} values missing (null in {sum(r['missing'] > 0 for r in rows)} of {len(rows)} files):"
              " means are without them.")
    cross_tab(rows)
    verifier(files)
    profile(files, rows)
    kvm(files)


def hostile(folder):
    whole = json.dumps(sidecar("x"))
    texts = {
        "empty": "", "truncated": whole[:-20], "deep": "[" * 100000, "deep-object": '{"a":' * 5000 + "1" + "}" * 5000,
        "list": "[]", "word": "null", "nan": whole.replace("5.0", "NaN"), "infinity": whole.replace("5.0", "1e999"),
        "huge": whole.replace('"worst_gap_ms": 20', '"worst_gap_ms": 99999999999999999999999'),
        "negative": whole.replace('"worst_gap_ms": 20', '"worst_gap_ms": -1'),
        "fraction": whole.replace('"worst_gap_ms": 20', '"worst_gap_ms": 1.5'),
        "twice": whole.replace("{", '{"passed": true, ', 1), "two-roots": whole + whole, "nul": whole.replace("x", "\\u0000"),
        "no-name": whole.replace('"test_name": "x", ', ""), "bool": whole.replace("true", '"yes"'),
        "insns": json.dumps(sidecar("x", verifier_stats=[{"name": "p", "verified_insns": 2**32}])),
        "profile": json.dumps(sidecar("x", monitor={**monitor(), "prog_stats_deltas": [{"name": "p", "cnt": 1}]})),
        "vcpus": json.dumps(sidecar("x", kvm_stats={"per_vcpu": [{"exits": -3}]})),
        "utf8": None,
    }
    for name, text in texts.items():
        with open(f"{folder}/{name}.ktstr.json", "wb") as f:
            f.write(whole.encode().replace(b"x", b"\xff") if text is None else text.encode())
    with open(f"{folder}/sparse.ktstr.json", "wb") as f:
        f.truncate(1 << 30)
    os.mkfifo(f"{folder}/pipe.ktstr.json")
    os.symlink("loop.ktstr.json", f"{folder}/loop.ktstr.json")
    os.symlink("nowhere", f"{folder}/dangling.ktstr.json")
    print(len(texts) + 4)


def broken(folder):
    """One member each that is not what docs/formats.md says."""
    def at(own, path):
        for key in path:
            own = own[key]
        return own
    cases = [
        (("work_type",), None, "work_type: a string is expected, not null"),
        (("verifier_stats",), None, "verifier_stats: a list is expected, not null"),
        (("verifier_stats", 0, "verified_insns"), -1, "verifier_stats: 0: verified_insns: -1 is out of range"),
        (("skipped",), None, "skipped: true or false is expected, not null"),
        (("inconclusive",), 0, "inconclusive: true or false is expected, not a number"),
        (("kernel_version",), 6.14, "kernel_version: a string is expected, not a number"),
        (("replica",), "2", "replica: a whole number is expected, not a string"),
        (("stimulus_events",), None, "stimulus_events: a list is expected, not null"),
        (("stimulus_events", 0), 1, "stimulus_events: 0: an object is expected, not a number"),
        (("stimulus_events", 0, "label"), ..., "stimulus_events: 0: label is missing"),
        (("stimulus_events", 0, "op_kind"), 3, "stimulus_events: 0: op_kind: a string is expected, not a number"),
        (("stats",), [], "stats: an object is expected, not a list"),
        (("stats", "cgroups"), [None], "stats: cgroups: 0: an object is expected, not null"),
        (("stats", "cgroups", 0, "num_workers"), ..., "stats: cgroups: 0: num_workers is missing"),
        (("stats", "cgroups", 0, "spread"), "wide", "stats: cgroups: 0: spread: a number is expected, not a string"),
        (("stats", "worst_spread"), ..., "stats: worst_spread is missing"),
        (("stats", "total_iterations"), None, "stats: total_iterations: a whole number is expected, not null"),
        (("stats", "worst_gap_cpu"), None, "stats: worst_gap_cpu: a whole number is expected, not null"),
        (("stats", "ext_metrics", "x"), "1", "stats: ext_metrics: x: a number is expected, not a string"),
        (("monitor",), [], "monitor: an object is expected, not a list"),
        (("monitor", "max_local_dsq_depth"), 2**32, "monitor: max_local_dsq_depth: 4294967296 is out of range"),
        (("monitor", "stall_detected"), ..., "monitor: stall_detected is missing"),
        (("monitor", "avg_nr_running"), [], "monitor: avg_nr_running: a number is expected, not a list"),
        (("monitor", "event_deltas", "max_fallback_burst"), ..., "monitor: event_deltas: max_fallback_burst is missing"),
        (("monitor", "event_deltas", "total_fallback"), None,
         "monitor: event_deltas: total_fallback: a whole number is expected, not null"),
        (("monitor", "schedstat_deltas"), {}, "monitor: schedstat_deltas: total_run_delay is missing"),
        (("monitor", "prog_stats_deltas", 1, "cnt"), None,
         "monitor: prog_stats_deltas: 1: cnt: a whole number is expected, not null"),
        (("kvm_stats", "per_vcpu"), None, "kvm_stats: per_vcpu: a list is expected, not null"),
        (("kvm_stats", "per_vcpu", 1, "exits"), None, "kvm_stats: per_vcpu: 1: exits: a whole number is expected, not null"),
        (("kvm_stats", "per_vcpu", 1, "odd"), 1.5, "kvm_stats: per_vcpu: 1: odd: a whole number is expected, not 1.5"),
    ]
    for i, (path, value, said) in enumerate(cases):
        prog = {"name": "p", "cnt": 1, "nsecs": 1, "nsecs_per_call": 1.0}
        own = sidecar("x", monitor={**monitor(fallback=1), "prog_stats_deltas": [dict(prog), dict(prog)]},
                      kvm_stats={"per_vcpu": [{"exits": 1}, {"exits": 1}]},
                      verifier_stats=[{"name": "p", "verified_insns": 1}])
        own["stats"].update(ext_metrics={}, cgroups=[{
            "num_workers": 1, "num_cpus": 1, "avg_off_cpu_pct": 1.0, "min_off_cpu_pct": 1.0, "max_off_cpu_pct": 1.0,
            "spread": 0.0, "max_gap_ms": 0, "max_gap_cpu": 0, "total_migrations": 0}])
        own["stimulus_events"] = [{"elapsed_ms": 1, "label": "StepStart[0]", "op_kind": None, "detail": None}]
        if value is ...:
            del at(own, path[:-1])[path[-1]]
        else:
            at(own, path[:-1])[path[-1]] = value
        write(folder, f"{i:02}", own)
        print(f"{i:02}.ktstr.json {said}")


if __name__ == "__main__":
    what, rest = sys.argv[1], sys.argv[2:]
    if what == "random":
        generate(int(rest[0]), int(rest[1]), rest[2])
    elif what == "newer":
        generate(int(rest[0]), int(rest[1]), rest[2], newer=True)
    else:
        {"example": example, "report": report, "hostile": hostile, "broken": broken}[what](*rest)
