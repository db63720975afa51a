#!/bin/sh
# test-stats: the documented bytes, every formula against a second computation, and files that are none.
. "$(dirname "$0")/../lib.sh"
unset KTSTR_SIDECAR_DIR CARGO_TARGET_DIR
sidecars="python3 $root/tests/sidecars.py"
nothing='cargo-ktstr: no sidecar data found (skipped)'

examples() {
	$sidecars example . || return
	for d in two outlier rest; do
		exits 0 ktstr test-stats --dir $d && same '' "$(cat err)" && matches test-stats-$d.txt out || return
	done
}

formulas() {
	for seed in 1 2 3 4 5 6 7 8 9 10; do
		$sidecars random $seed $((seed * 15)) d$seed || return
		PYTHONIOENCODING=utf-8 $sidecars report d$seed >expected || return
		exits 0 ktstr test-stats --dir d$seed && diff expected out || return
	done
	grep -q 'Outliers detected' out && grep -q 'Flag decomposition' out && grep -q 'KVM STATS' out
}

# Files of newer versions: three verdicts, and null for what is no number.
newer_formulas() {
	for seed in 1 2 3 4 5 6 7 8; do
		$sidecars newer $seed $((seed * 15)) d$seed || return
		PYTHONIOENCODING=utf-8 $sidecars report d$seed >expected || return
		exits 0 ktstr test-stats --dir d$seed && diff expected out && hasnt 'could not be read' err || return
	done
	has ' skipped, ' out && has ' values missing' err
}

# More files than are read by one thread, and some that cannot be.
many() {
	$sidecars random 1 700 d && $sidecars hostile d >n || return
	exits 0 ktstr test-stats --dir d && has "$(cat n) of $(($(cat n) + 700)) files could not be read" err || return
	find d -maxdepth 1 -name '[a-z]*.ktstr.json' -exec rm {} +
	PYTHONIOENCODING=utf-8 $sidecars report d >expected && cmp out expected
}

# The same files put into a folder in another order, which is what readdir goes by on some file systems.
any_order() {
	$sidecars random 11 200 one && mkdir two || return
	find one -name '*.json' | sort -r | while read -r f; do
		mkdir -p "two/$(dirname "${f#one/}")" && cp "$f" "two/${f#one/}" || exit 1
	done
	exits 0 ktstr test-stats --dir one && mv out first && exits 0 ktstr test-stats --dir two && cmp first out &&
		exits 0 ktstr test-stats --dir one --json && sed 1,2d out >first &&
		exits 0 ktstr test-stats --dir two --json && sed 1,2d out | cmp - first
}

json() {
	$sidecars random 12 60 d && echo '{' >d/half.ktstr.json && exits 0 ktstr test-stats --dir d --json || return
	python3 - out <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert r["sidecars"] == 60 and len(r["rows"]) == 60 and r["dir"] == "d", r["sidecars"]
		assert [u["path"] for u in r["unreadable"]] == ["half.ktstr.json"], r["unreadable"]
		assert sum(k["total"] for k in r["by_kernel"]) == 60 and any(k["name"] is None for k in r["by_kernel"])
		assert r["stimulus"]["flags"][0]["flag"] == "llc", r["stimulus"]
		def middle(v):
		    v = sorted(v)
		    return (v[(len(v) - 1) // 2] + v[len(v) // 2]) / 2
		for o in [o for o in r["robust_outliers"] if o["metric"] in r["rows"][0]]:
		    same = [x[o["metric"]] for x in r["rows"] if x["topology"] == o["topology"]]
		    far = middle(abs(v - middle(same)) for v in same)
		    assert abs(o["score"] - 0.6745 * (o["value"] - middle(same)) / far) < 1e-6, o
		    assert o["score"] > 3.5 and len(same) >= 5, o
		assert len(r["robust_outliers"]) > 0
	END
}

hostile() {
	mkdir -p d/folder.ktstr.json d/sub/deeper && $sidecars example ex || return
	$sidecars hostile d >n || return
	cp ex/two/sched_a.ktstr.json d/folder.ktstr.json/
	cp ex/two/sched_b.ktstr.json d/sub/
	cp ex/two/sched_b.ktstr.json d/sub/deeper/ # one level only
	cp ex/two/sched_b.ktstr.json d/plain.json  # not the name of one
	ln -s . d/itself && ln -s sub d/again || return      # no folder twice
	exits 0 ktstr test-stats --dir d && has ' 1/2 passed' out && has "$(cat n) of $(($(cat n) + 2)) files could not be read" err ||
		return
	exits 0 ktstr test-stats --dir d --json || return
	python3 - out "$(cat n)" <<-'END'
		import json, sys
		bad = {u["path"].split(".")[0]: u["error"] for u in json.load(open(sys.argv[1]))["unreadable"]}
		assert len(bad) == int(sys.argv[2]), bad
		for name, words in {"sparse": "1073741824 bytes", "pipe": "not a regular file", "loop": "symbolic links",
		                    "deep": "nested too deep", "twice": "occurs twice", "insns": "out of range",
		                    "no-name": "test_name is missing"}.items():
		    assert words in bad[name], (name, bad[name])
	END
}

# A number that is null is in no mean, and in none is not 0.
null_is_missing() {
	$sidecars example ex && mkdir d && sed 's/"worst_spread": 42.5/"worst_spread": null/' ex/two/sched_b.ktstr.json >d/b.ktstr.json &&
		exits 0 ktstr test-stats --dir d && has 'avg_spread=-  avg_gap=3500ms' out &&
		has '1 values missing (null in 1 of 1 files)' out && has '1 values missing' err || return
	cp ex/two/sched_a.ktstr.json d/a.ktstr.json
	exits 0 ktstr test-stats --dir d && has '1/2 passed  avg_spread=5.0%  avg_gap=1760ms' out &&
		exits 0 ktstr test-stats --dir d --json && python3 - out <<-'END'
			import json, sys
			r = json.load(open(sys.argv[1]))
			assert r["missing_values"] == 1 and [x["spread"] for x in r["rows"]] == [5.0, None], r["rows"]
			assert r["by_flags"][0]["avg_spread"] == 5.0, r["by_flags"]
		END
}

# Skipped and inconclusive is not passed; what was skipped measured nothing.
three_verdicts() {
	$sidecars example ex && mkdir d && cp ex/two/sched_a.ktstr.json d/ || return
	for x in skipped inconclusive; do
		sed "s/\"passed\": true,/&\"$x\": true,/; s/sched_a/$x/; s/\"worst_spread\": 5.0/\"worst_spread\": 15.0/" \
			ex/two/sched_a.ktstr.json >d/$x.ktstr.json
	done
	exits 0 ktstr test-stats --dir d && same '' "$(cat err)" &&
		has '  skipped                   0/1 passed (1 skipped, 0 inconclusive, 0 failed)  avg_spread=-' out &&
		has '  inconclusive              0/1 passed (0 skipped, 1 inconclusive, 0 failed)  avg_spread=15.0%' out &&
		has '1/3 passed (1 skipped, 1 inconclusive, 0 failed)  avg_spread=10.0%' out || return
	# A test that is skipped now has not become worse.
	mkdir before after && cp ex/two/sched_a.ktstr.json before/ && sed 's/"skipped"/"sched_a"/; s/"sched_a": true/"skipped": true/' \
		d/skipped.ktstr.json >after/a.ktstr.json && exits 0 ktstr test-stats --dir after --compare before &&
		has '1 in both' out && has 'No significant changes.' out
}

kernel_version() {
	$sidecars example ex && mkdir d && sed 's/"passed"/"kernel_version": "6.14.2", "passed"/' ex/two/sched_a.ktstr.json >d/a.ktstr.json &&
		sed 's/"passed"/"kernel_version": null, "passed"/' ex/two/sched_b.ktstr.json >d/b.ktstr.json &&
		exits 0 ktstr test-stats --dir d && same '' "$(cat err)" && has '  6.14.2                    1/1 passed' out &&
		has '  -                         0/1 passed' out
}

broken_schema() {
	$sidecars broken d >said || return
	exits 0 ktstr test-stats --dir d --json && python3 - out said <<-'END'
		import json, sys
		bad = {u["path"]: u["error"] for u in json.load(open(sys.argv[1]))["unreadable"]}
		said = dict(line.rstrip("\n").split(" ", 1) for line in open(sys.argv[2]))
		for name, words in said.items():
		    assert bad.get(name) == words, (name, words, bad.get(name))
		assert len(bad) == len(said) > 20
	END
}

# Both gates: by more than 5 points and a quarter. Equal folders have nothing to say.
compares() {
	$sidecars example ex && cp -r ex/two before && cp -r before after && cp -r ex/rest verified || return
	exits 0 ktstr test-stats --dir after --compare before && has '  2 in both, 0 only here, 0 only there' out &&
		has 'No significant changes.' out || return
	sed 's/"worst_spread": 42.5/"worst_spread": 53.2/' before/sched_b.ktstr.json >after/sched_b.ktstr.json
	sed 's/"worst_spread": 5.0/"worst_spread": 9.9/; s/"passed": true/"passed": false/' before/sched_a.ktstr.json \
		>after/sched_a.ktstr.json
	cp ex/outlier/t1.ktstr.json after/
	cp ex/outlier/t2.ktstr.json before/
	exits 0 ktstr test-stats --dir after --compare before && has '  2 in both, 1 only here, 1 only there' out || return
	sed -n '/^  2 in both/,$p' out | sed 1,2d >got
	printf '%s\n' '  sched_a (1n1l2c1t):' \
		'    passed                       1.00 ->         0.00 (-100.0%)  worse' \
		'  sched_b (1n2l4c1t):' \
		'    spread                      42.50 ->        53.20 (+25.2%)  worse' | diff - got || return
	exits 0 ktstr test-stats --dir before --compare after && hasnt '42.50' out &&
		has '0.00 ->         1.00  better' out || return
	sed 's/812345/406172/; s/"disp"/"disp"/; s/"enq"/"other"/' verified/x.ktstr.json >after/x.ktstr.json
	cp verified/x.ktstr.json before/
	exits 0 ktstr test-stats --dir after --compare before &&
		has '  disp (scx_ktstr): 812345 -> 406172 verified insns (-50.0%)' out &&
		has '  enq (scx_ktstr): gone, had 500 verified insns' out && has '  other (scx_ktstr): new, 500 verified insns' out &&
		exits 0 ktstr test-stats --dir after --compare before --json && python3 - out <<-'END' &&
			import json, sys
			c = json.load(open(sys.argv[1]))["compare"]
			assert c["in_both"] == 3 and len(c["changes"]) == 2 and c["changes"][0]["worse"], c
			assert [v["program"] for v in c["verifier_stats"]] == ["disp", "enq", "other"], c
		END
		exits 10 ktstr test-stats --dir after --compare /nonexistent && has '--compare /nonexistent' err
}

# Sidecars of before whole names have the 15 characters that the kernel keeps. Two programs that begin alike were one then, with
# the larger count; a name that is equal on both sides has its partner.
cut_names() {
	counts() { # FOLDER "NAME COUNT"…
		folder=$1
		shift
		mkdir -p "$folder" && list=$(for pair; do printf '{"name": "%s", "verified_insns": %s},' "${pair% *}" "${pair#* }"; done) &&
			sed "s/\"passed\"/\"verifier_stats\": [${list%,}], \"passed\"/" ex/two/sched_a.ktstr.json >"$folder/a.ktstr.json"
	}
	$sidecars example ex && counts old 'lavd_cgroup_set 900' 'lavd_enqueue_al 70' 'lavd_init 5' 'lavd_select_cpu 30' 'lavd_quite_anoth 8' &&
		counts new 'lavd_cgroup_set_weight 400' 'lavd_cgroup_set_bandwidth 900' 'lavd_enqueue_all 77' 'lavd_init 5' \
			'lavd_select_cpu 30' 'lavd_select_cpu_more 60' 'lavd_quite_another 8' || return
	exits 0 ktstr test-stats --dir new --compare old && sed -n '/^  1 in both/,$p' out | grep lavd_ >got || return
	printf '%s\n' '  lavd_enqueue_all (scx_ktstr): 70 -> 77 verified insns (+10.0%)' \
		'  lavd_select_cpu_more (scx_ktstr): new, 60 verified insns' | diff - got || return
	exits 0 ktstr test-stats --dir old --compare new && sed -n '/^  1 in both/,$p' out | grep lavd_ >got || return
	printf '%s\n' '  lavd_enqueue_all (scx_ktstr): 77 -> 70 verified insns (-9.1%)' \
		'  lavd_select_cpu_more (scx_ktstr): gone, had 60 verified insns' | diff - got
}

# What a file says goes to a terminal.
no_escapes() {
	$sidecars example ex && mkdir d && sed 's/"sched_b"/"a\\u001b[2Jb\\u007f"/' ex/two/sched_b.ktstr.json >d/b.ktstr.json &&
		exits 0 ktstr test-stats --dir d && has '  ab? ' out
}

nothing_there() {
	exits 0 ktstr test-stats && same "$nothing" "$(head -1 err)" && has 'no folder below target/ktstr has any; --dir' err &&
		same '' "$(cat out)" || return
	exits 0 ktstr test-stats --dir /nonexistent && has "$nothing" err && has '/nonexistent: No such file' err && same '' "$(cat out)" || return
	mkdir empty && exits 0 ktstr test-stats --dir empty && same "$nothing" "$(head -1 err)" &&
		has 'looked in empty' err &&
		exits 0 ktstr test-stats --dir empty --json && has '"sidecars": 0' out
}

where() {
	$sidecars example ex && mkdir -p ws/crates/a/src ws/target/ktstr/feature ws/target/ktstr/main-1234567 || return
	printf '[workspace]\nmembers = ["crates/a"]\n' >ws/Cargo.toml
	printf '[package]\nname = "a"\n' >ws/crates/a/Cargo.toml
	cp -r ex/two ws/target/ktstr/feature/x-7654321
	cp ex/outlier/* ws/target/ktstr/main-1234567/
	touch -d 2020-01-01 ws/target/ktstr/feature/x-7654321/*
	cd ws/crates/a/src || return
	exits 0 ktstr test-stats && cmp "$work/out" "$golden/test-stats-outlier.txt" &&
		has 'ws/target/ktstr/main-1234567, the newest of 2' "$work/err" || return
	touch -d 2030-01-01 "$work"/ws/target/ktstr/feature/x-7654321/sched_a.ktstr.json
	exits 0 ktstr test-stats && cmp "$work/out" "$golden/test-stats-two.txt" || return
	KTSTR_SIDECAR_DIR=$work/ex/rest exits 0 ktstr test-stats && cmp "$work/out" "$golden/test-stats-rest.txt" || return
	KTSTR_SIDECAR_DIR='' CARGO_TARGET_DIR=$work/elsewhere exits 0 ktstr test-stats && has "$nothing" "$work/err" || return
	mkdir -p "$work/ws/inner" && cd "$work/ws/inner" && echo '[workspace]' >Cargo.toml &&
		exits 0 ktstr test-stats && has "$nothing" "$work/err"
}

# Where cargo puts what it makes; the tests themselves may use another "target".
targets() {
	$sidecars example ex && mkdir -p ws/src ws/.cargo away/ktstr/main-1234567 far/ktstr && cp ex/two/* away/ktstr/main-1234567/ || return
	printf '[package]\nname = "a"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' >ws/Cargo.toml && : >ws/src/lib.rs && cp -r ex/outlier far/ktstr/x-1 || return
	cd ws/src || return
	for name in CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR; do
		exits 0 env $name=../../far ktstr test-stats && cmp "$work/out" "$golden/test-stats-outlier.txt" || return
	done
	command -v cargo >/dev/null || return 0
	printf '[build]\ntarget-dir = "../away"\n' >../.cargo/config.toml
	exits 0 ktstr test-stats && cmp "$work/out" "$golden/test-stats-two.txt" && has "/../away/ktstr/main-1234567" "$work/err" || return
	mkdir -p ../target/ktstr && cp -r "$work/ex/outlier" ../target/ktstr/x-1 && touch -d 2030-01-01 ../target/ktstr/x-1/* || return
	exits 0 ktstr test-stats && cmp "$work/out" "$golden/test-stats-outlier.txt" || return
	# A configuration that cargo cannot read changes nothing else.
	echo 'target-dir = [' >../.cargo/config.toml
	exits 0 ktstr test-stats && cmp "$work/out" "$golden/test-stats-outlier.txt"
}

run_tests targets examples formulas newer_formulas many any_order json hostile null_is_missing three_verdicts kernel_version \
	broken_schema compares cut_names no_escapes nothing_there where
