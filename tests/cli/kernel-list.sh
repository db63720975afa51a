#!/bin/sh
# kernel list: its table, its marks, its JSON, and what a terminal makes of it.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/neighbours.sh"

# KEY VERSION-OR-null SOURCE DATE BYTES [MORE MEMBERS]
entry() {
	mkdir -p "kernels/$1"
	head -c "$5" /dev/zero >"kernels/$1/bzImage"
	printf '{ "version": %s, "source": "%s", "arch": "x86_64", "image_name": "bzImage", "built_at": "%s" %s }\n' \
		"$2" "$3" "$4" "${6-}" >"kernels/$1/metadata.json"
}

cache() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	entry 6.14.2-tarball-x86_64-kc4a386fe9-0123456 '"6.14.2"' tarball 2025-04-15T12:34:56Z 20000000 \
		', "ktstr_kconfig_hash": "4a386fe9", "ktstr_git_hash": "0123456789012345678901234567890123456789"'
	entry local-deadbee-x86_64-kc11112222-f1 null local 2026-03-01T08:00:00Z 1000 \
		', "release": "6.13.0-rc3+", "ktstr_kconfig_hash": "11112222", "identity": "tree:00ff"'
	entry 7.3.4+deb13-cloud-amd64-import-x86_64-c7f6725b '"7.3.4"' import 2026-05-01T00:00:00Z 0
	touch -d 2026-06-07T08:09:10Z kernels/7.3.4+deb13-cloud-amd64-import-x86_64-c7f6725b/.used
	mkdir kernels/junk
	echo '{' >kernels/junk/metadata.json
}

table() {
	cache
	exits 0 ktstr kernel list || return
	cat >expected <<-'END'
	  KEY                                              VERSION      SOURCE   ARCH    BUILT                  SIZE LAST USED
	  7.3.4+deb13-cloud-amd64-import-x86_64-c7f6725b   7.3.4        import   x86_64  2026-05-01T00:00:00Z   0.0M 2026-06-07T08:09:10Z
	  local-deadbee-x86_64-kc11112222-f1               6.13.0-rc3   local    x86_64  2026-03-01T08:00:00Z   0.0M -                    (stale kconfig)
	  6.14.2-tarball-x86_64-kc4a386fe9-0123456         6.14.2       tarball  x86_64  2025-04-15T12:34:56Z    19M -                    (stale kconfig) (stale ktstr)
	  junk                                             (corrupt: the JSON text ends too early)
	END
	sed 's/(corrupt: .*)/(corrupt: the JSON text ends too early)/' out >table
	diff -u expected table && has "cache: $work/kernels" err &&
		has 'warning: entries marked (stale kconfig)' err && has 'warning: entries marked (stale ktstr)' err &&
		same 2 "$(grep -c 'Rebuild with: kernel build.*kernel clean --stale' err)" 'commands to rebuild with'
}

fresh_ones_need_no_warning() {
	cache
	rm -r kernels/local* kernels/6.14*
	exits 0 ktstr kernel list && hasnt 'warning: ' err && hasnt '(stale' out
}

empty() {
	exits 0 ktstr kernel list && has 'no cached kernels' out && has 'cache: ' err && [ ! -e cache/ktstr/kernels ] ||
		return
	exits 0 ktstr kernel list --json && has '"entries": []' out && same '' "$(cat err)" stderr
}

# Members of each object in the order they are written.
json() {
	cache
	exits 0 ktstr kernel list --json && same '' "$(cat err)" stderr || return
	python3 - out "$work" <<-'END'
	import json, sys
	def keys(pairs):
	    names = [k for k, v in pairs]
	    assert names == sorted(names), names
	    return dict(pairs)
	j = json.load(open(sys.argv[1]), object_pairs_hook=keys)
	assert list(j) == ["current_ktstr_git_hash", "current_ktstr_kconfig_hash", "entries"], j
	assert len(j["current_ktstr_kconfig_hash"]) == 8
	imported, tree, release, junk = j["entries"]
	assert list(release) == """arch built_at config_hash extra_kconfig_hash git_hash git_ref identity image_name image_path
	    key ktstr_git_hash ktstr_kconfig_hash last_used path release size_bytes source source_tree_path stale_kconfig
	    stale_ktstr toolchain version vmlinux_name""".split(), list(release)
	assert list(junk) == ["error", "key", "path", "reason"] and junk["error"] == "corrupt metadata", junk
	assert (imported["stale_kconfig"], imported["stale_ktstr"]) == (False, False)
	assert (tree["stale_kconfig"], tree["stale_ktstr"]) == (True, False)
	assert (release["stale_kconfig"], release["stale_ktstr"]) == (True, True)
	assert imported["last_used"] == "2026-06-07T08:09:10Z" and release["last_used"] is None
	assert release["size_bytes"] > 20000000 and tree["version"] is None and tree["identity"] == "tree:00ff"
	assert release["image_path"] == sys.argv[2] + "/kernels/6.14.2-tarball-x86_64-kc4a386fe9-0123456/bzImage"
	END
}

# Read where they can be, and marked in any case; never stale, for their ktstr.kconfig is none of ours.
foreign_ones() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	neighbours && exits 0 ktstr kernel list || return
	same 5 "$(grep -c '(foreign)$' out)" 'that can be used' && grep -q '^  alien  *(foreign: source is missing)$' out &&
		grep -q '^  disk_templates  *(foreign: metadata.json is missing)$' out &&
		hasnt '(stale' out && hasnt '(corrupt' out && grep -q '^  later  *6.15.1 *pigeon ' out || return
	exits 0 ktstr kernel list --json || return
	python3 - out <<-'END' || return
	import json, sys
	entries = {e["key"]: e for e in json.load(open(sys.argv[1]))["entries"]}
	assert len(entries) == 7
	assert entries["alien"]["error"] == "foreign metadata" and entries["alien"]["reason"], entries["alien"]
	git = entries["v6-git"]
	assert (git["foreign"], git["source"], git["git_hash"], git["git_ref"]) == (True, "git", "deadbee", "v6.15"), git
	assert entries["local-x"]["source_tree_path"] == "/src" and entries["local-x"]["vmlinux_name"] == "vmlinux"
	assert not any(e.get("stale_kconfig") or e.get("stale_ktstr") for e in entries.values())
	END
	rm kernels/distro/bzImage && exits 0 ktstr kernel list && grep -q '^  distro  *(foreign: bzImage is missing)' out
}

# Code and message as without --json, and something to parse all the same.
failing_json() {
	KTSTR_CACHE_DIR=$work/file/kernels
	export KTSTR_CACHE_DIR
	mkdir -p file
	ln -s kernels file/kernels
	exits 14 ktstr kernel list && has 'KTSTR_CACHE_DIR' err && same 1 "$(grep -o 'kernel cache' err | wc -l)" 'mentions' && same '' "$(cat out)" stdout || return
	exits 14 ktstr kernel list --json && has 'error: ' err || return
	python3 -c 'import json; j = json.load(open("out")); assert j["entries"] == [] and "kernels" in j["error"], j'
}

# At each width whole lines, the key and the mark; from column to column less.
terminals() {
	cache
	heads=''
	for columns in 200 120 100 90 80 70 60 40; do
		COLUMNS=$columns script -qec 'ktstr -q kernel list' /dev/null | tr -d '\r' >out
		has '7.3.4+deb13-cloud-amd64-import-x86_64-c7f6725b' out && has '(stale kconfig) (stale ktstr)' out &&
			has '(corrupt: ' out || return
		if [ $columns -gt 50 ]; then
			same '' "$(grep -v corrupt out | awk -v n=$columns 'length($0) > n')" "wider than $columns" || return
		fi
		heads="$heads$(sed -n '1s/  */ /gp' out)
"
	done
	same " KEY VERSION SOURCE ARCH BUILT SIZE LAST USED
 KEY VERSION SOURCE ARCH BUILT SIZE LAST USED
 KEY VERSION SOURCE BUILT SIZE LAST USED
 KEY VERSION BUILT SIZE LAST USED
 KEY VERSION BUILT SIZE
 KEY VERSION BUILT
 KEY BUILT
 KEY
" "$heads" columns
}

# A letter is one place wide, whatever it takes in bytes.
other_letters() {
	cache && entry kärnä '"6.1"' tarball 2026-01-01T00:00:00Z 1 && entry karna '"6.1"' tarball 2026-01-01T00:00:00Z 1 || return
	exits 0 ktstr kernel list && same "$(sed -n 's/^  karna /  k_rn_ /p' out)" "$(sed -n 's/^  kärnä /  k_rn_ /p' out)" rows
}

# A folder's name comes from anybody.
hostile_names() {
	cache
	mkdir "kernels/$(printf 'a\033[31mred')" 'kernels/a b'
	exits 0 ktstr kernel list && grep -q '^ *ared ' out && same 0 "$(grep -c "$(printf '\033')" out)" 'escape sequences' ||
		return
	exits 0 ktstr kernel list --json && python3 -c 'import json; json.load(open("out"))'
}

# plain FILE…: nothing in them drives a terminal or GitHub's runner, or hides from a reader.
plain() {
	python3 - "$@" <<-'END' || fail "$*"
		import re, sys
		bad = re.compile("[\0-\b\v-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f]|^\\s*::|##\\[", re.M)
		for name in sys.argv[1:]:
		    found = bad.search(open(name, encoding="utf-8").read())
		    assert not found, (name, found)
	END
}

# So do the words of its metadata, and whatever is told of either: as a table, as JSON, on stderr, at the cursor.
hostile_words() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	n=0
	for word in '\u009b31mred' '\u202ered' '\u200b' '##[add-mask]x' '\n::add-mask::x' '\u001b]0;title\u0007'; do
		n=$((n + 1))
		entry "version-$n" "\"$word\"" tarball 2026-01-01T00:00:00Z 1 && entry "source-$n" null "$word" 2026-01-01T00:00:00Z 1 &&
			entry "built-$n" null local "$word" 1 && entry "release-$n" null local x 1 ", \"release\": \"$word\", \"arch\": \"$word\"" &&
			entry "twice-$n" null local x 1 ", \"$word\": 1, \"$word\": 2" || return
	done
	entry "$(printf 'a\033[31mred')" null local x 1 && entry "$(printf '\n::add-mask::x')" '1' local x 1 && entry "$(printf 'a\302\23331m')" '1' local x 1 || return
	cp /bin/true scx && exits 0 ktstr kernel list && plain out err && exits 0 ktstr kernel list --json && plain out || return
	exits 14 ktstr cache verify && plain out err && exits 14 ktstr cache verify --json && plain out || return
	exits 0 ktstr complete -- verifier --kernel '' && plain out && exits 0 ktstr test-stats --dir "$(printf '\n::add-mask::x\302\23331m')" &&
		plain out err
}

run_tests other_letters foreign_ones table fresh_ones_need_no_warning empty json failing_json terminals hostile_names \
	hostile_words
