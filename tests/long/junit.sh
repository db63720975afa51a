#!/bin/sh
# JUnit's XML of matrix, run and test in two readers that others use: junitparser of PyPI and junit2json of npm, which are installed here into a
# folder of this test. What they read is what the verdicts say. Needs their registries; steps are played (tests/fake-step.sh), nextest is real.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/played.sh"
unset CARGO_TARGET_DIR NEXTEST_PROFILE NEXTEST_RETRIES
install() {
	npm install --silent --no-audit --no-fund --prefix "$base/npm" junit2json@4.0.0 && python3 -m venv "$base/pip" &&
		"$base/pip/bin/pip" install -q junitparser==5.0.3
}
if ! install >"$base/install.log" 2>&1; then
	echo 1..1
	echo 'not ok 1 - install the readers'
	sed 's/^/# /' "$base/install.log"
	exit 0
fi

# Lines as those of tests/junit.py, by each reader.
cat >"$base/one.py" <<'END'
import json, sys
import junitparser

xml = junitparser.JUnitXml.fromfile(sys.argv[1])
suites = [xml] if isinstance(xml, junitparser.TestSuite) else list(xml)
n = [0, 0, 0, 0]
for s in suites:
    for c in s:
        assert len(c.result) <= 1, c.name
        r = c.result[0] if c.result else None
        kind = type(r).__name__.lower() if r else "passed"
        print("\t".join(json.dumps(w) for w in (kind, c.classname, c.name, r and r.message or "", (r and r.text or "").strip())))
    n = [a + b for a, b in zip(n, (s.tests, s.failures, s.errors, s.skipped or 0))]
print(*n)
END
cat >"$base/npm/two.mjs" <<'END'
import { readFileSync } from "node:fs";
import { parse } from "junit2json";

// As Python writes strings.
const quoted = (s) => JSON.stringify(s).replace(/[\u007f-\uffff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
const xml = await parse(readFileSync(process.argv[2]));
const suites = xml.testsuite ?? [xml];
const n = [0, 0, 0, 0];
for (const s of suites) {
  for (const c of s.testcase ?? []) {
    const kind = ["failure", "error", "skipped"].find((k) => c[k]?.length);
    const r = kind ? c[kind][0] : {};
    console.log([kind ?? "passed", c.classname, c.name, r.message ?? "", (r.inner ?? "").trim()].map(quoted).join("\t"));
  }
  [s.tests, s.failures, s.errors, s.skipped ?? 0].forEach((x, i) => (n[i] += x));
}
console.log(...n);
END
# agree FILE: lines in "lines", counts in "counts", the same by all three
agree() {
	python3 "$root/tests/junit.py" "$1" >lines || fail "$1" || return
	"$base/pip/bin/python" "$base/one.py" "$1" >one && node "$base/npm/two.mjs" "$1" >two || fail "$1 cannot be read" || return
	tail -n 1 one >counts && same "$(cat counts)" "$(tail -n 1 two)" 'counts by junit2json' &&
		same "$(cat lines)" "$(sed '$d' one)" 'what junitparser reads' && same "$(cat lines)" "$(sed '$d' two)" 'what junit2json reads'
}

# What "--json-file" has of each cell, as such lines without the words inside.
cat >"$base/verdicts.py" <<'END'
import json, sys

kinds = {"pass": "passed", "fail": "failure", "broken": "error", "skip": "skipped", "inconclusive": "skipped"}
for v in json.load(open(sys.argv[1]))["tests"]:
    where = ".".join((v.get("scheduler") or "eevdf", v.get("profile") or "default", v.get("kernel", ""), v.get("preset") or v.get("topology", "")))
    print("\t".join(json.dumps(w) for w in (kinds[v["verdict"]], where, v["test"])))
END
verdicts_agree() { # XML JSON
	agree "$1" && python3 "$base/verdicts.py" "$2" >said && same "$(cat said)" "$(cut -f 1-3 lines)" 'verdicts'
}

place() {
	played ktstr && played_kernels one || return
	PATH=$work/fake/out:$PATH
	export PATH
	for name in fine bad vague broken; do
		printf 'test %s\nwork - spin\nhold 100%%\n' $name >$name.ktstr
	done
	printf 'test nowhere\ncgroup a cpuset=llc:1\nwork a spin\nhold 100%%\n' >nowhere.ktstr
}

# One of each verdict, twice; then with known failures.
each_verdict() {
	place || return
	exits 6 ktstr matrix ./*.ktstr --preset tiny-1llc --preset smt-2llc --junit m.xml --json-file m.json && verdicts_agree m.xml m.json &&
		same '10 2 2 3' "$(cat counts)" counts && has '"gap.max 3 ms > 2 ms"' lines && has 'again: ktstr run' lines || return
	exits 6 ktstr run ./*.ktstr --junit r.xml --json-file r.json && verdicts_agree r.xml r.json && same '5 1 1 2' "$(cat counts)" counts || return
	printf 'bad * * * - gap.max\nfine * * * -\n' >known
	exits 28 ktstr run bad.ktstr fine.ktstr --expect known --junit k.xml && agree k.xml && same '2 1 0 1' "$(cat counts)" counts &&
		has '"it passed, and --expect says that it fails"' lines || return
	exits 10 ktstr run nowhere-else.ktstr --junit none.xml && [ ! -e none.xml ]
}

# Words and paths that mean something to XML, to terminals and to GitHub, or nothing to anybody.
hostile() {
	place || return
	# shellcheck disable=SC2089,SC2090 # backslashes are for JSON
	for words in 'a]]>b <!-- & --> \"q\" '\''s' '\u0001\u0007\u001b[31mred\u001b[0m\u0000\ufffe\uffff' '\u202egnp.exe\u2028x\ty\nz' \
		'&amp;&#0;<![CDATA[x]]>' '::add-mask::x' "$(printf %05000d 0 | tr 0 x)"; do
		FAKE_WORDS=$words
		export FAKE_WORDS
		exits 1 ktstr matrix bad.ktstr fine.ktstr --rerun --junit h.xml --json-file h.json && agree h.xml && same '"failure"' "$(sed -n 1p lines | cut -f 1)" "kind of $words" || return
		hasnt '\u00' lines || return
	done
	FAKE_WORDS='a]]>b' exits 1 ktstr matrix bad.ktstr --rerun --junit h.xml && agree h.xml && has '"a]]>b"' lines || return
	unset FAKE_WORDS
	odd=$(printf 'odd\377 <&"]]>')
	mkdir "$odd" && cp bad.ktstr "$odd/bad.ktstr" && exits 1 ktstr run "$odd/bad.ktstr" --junit o.xml && agree o.xml && has '<&\"]]>' lines && same '1 1 0 0' "$(cat counts)" counts
}

# nextest's own files of two kernels, as one.
of_nextest() {
	cargo nextest --version >/dev/null || fail 'no cargo nextest' || return
	CARGO_NET_OFFLINE=true
	export CARGO_NET_OFFLINE
	for version in 6.12.9 6.14.2; do
		dir=$XDG_CACHE_HOME/ktstr/kernels/$version-tarball-x
		mkdir -p "$dir" && echo >"$dir/bzImage" && echo >"$dir/vmlinux" && echo >"$dir/.config" &&
			printf '{ "version": "%s", "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "config_hash": null,
			"built_at": "2026-01-01T00:00:00Z", "ktstr_kconfig_hash": null, "vmlinux_name": "vmlinux" }\n' $version >"$dir/metadata.json" || return
	done
	mkdir -p crate/src crate/.config
	printf '[profile.default.junit]\npath = "junit.xml"\n' >crate/.config/nextest.toml
	printf '[package]\nname = "sched-tests"\nversion = "0.1.0"\nedition = "2021"\n[workspace]\n' >crate/Cargo.toml
	cat >crate/src/lib.rs <<-'END'
		#[cfg(test)]
		mod tests {
		    #[test]
		    fn passes() {}
		    #[test]
		    fn fails() {
		        println!("]]> <&\x1b[31m \u{1} \u{fffe}");
		        assert!(!std::env::var("KTSTR_KERNEL").unwrap().contains("6.14"), "not on ]]> 6.14");
		    }
		}
	END
	exits 100 env -C crate ktstr test --kernel 6.12 --kernel 6.14 -- --no-fail-fast && agree crate/target/nextest/default/junit.xml &&
		same '4 1 0 0' "$(cat counts)" counts && has 'sched-tests on 6.14.2' lines && has 'sched-tests on 6.12.9' lines && has 'not on ]]> 6.14' lines
}

run_tests each_verdict hostile of_nextest
