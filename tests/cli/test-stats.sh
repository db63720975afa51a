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
	ln -s . d/itself && ln -s sub d/again      # no folder twice
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

null_is_zero() {
	$sidecars example ex && mkdir d && sed 's/"worst_spread": 42.5/"worst_spread": null/' ex/two/sched_b.ktstr.json >d/b.ktstr.json &&
		exits 0 ktstr test-stats --dir d && has 'avg_spread=0.0%' out && same '' "$(cat err)"
}

# What a file says goes to a terminal.
no_escapes() {
	$sidecars example ex && mkdir d && sed 's/"sched_b"/"a\\u001b[2Jb\\u007f"/' ex/two/sched_b.ktstr.json >d/b.ktstr.json &&
		exits 0 ktstr test-stats --dir d && has '  a?[2Jb? ' out
}

nothing_there() {
	exits 0 ktstr test-stats && same "$nothing" "$(cat err)" && same '' "$(cat out)" || return
	exits 0 ktstr test-stats --dir /nonexistent && has "$nothing" err && has '/nonexistent: No such file' err && same '' "$(cat out)" || return
	mkdir empty && exits 0 ktstr test-stats --dir empty && same "$nothing" "$(cat err)" &&
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

run_tests examples formulas any_order json hostile null_is_zero no_escapes nothing_there where
