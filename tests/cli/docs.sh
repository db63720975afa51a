#!/bin/sh
# What the documents promise: files they name exist, options and exit codes are those of the programs.
. "$(dirname "$0")/../lib.sh"

sources() {
	find "$root/README.md" "$root/Makefile" "$root/docs" "$root/gen" "$root/runtime" "$root/rules" "$root/tests" \
		-type f \( -name '*.md' -o -name '*.[ch]' -o -name '*.ninja' -o -name '*.sh' -o -name Makefile \)
}

# Documents that sources and other documents point to.
named_files() {
	bad=$(sources | xargs grep -HoE 'docs/[a-z0-9-]+\.md' | sort -u | while IFS=: read -r from doc; do
		[ -f "$root/$doc" ] || echo "${from#"$root"/}: $doc"
	done)
	same '' "$bad" 'documents that do not exist'
}

# [text](target) that is no address.
links() {
	bad=$(for doc in "$root"/README.md "$root"/docs/*.md; do
		grep -oE '\]\([^)]+\)' "$doc" | sed 's/^](//; s/)$//; s/#.*//' | while read -r target; do
			case $target in '' | *://*) continue ;; esac
			[ -e "$(dirname "$doc")/$target" ] || echo "${doc#"$root"/}: $target"
		done
	done)
	same '' "$bad" 'links to nothing'
}

# Files below the project that a document names in backquotes; NAME stands for something.
paths() {
	# shellcheck disable=SC2016 # backquotes of Markdown
	bad=$(grep -oHE '`(gen|runtime|rules|tests|docs)/[A-Za-z0-9_./-]+`' "$root"/README.md "$root"/docs/*.md |
		tr -d '`' | sort -u | while IFS=: read -r doc path; do
		[ -e "$root/$path" ] || echo "${doc#"$root"/}: $path"
	done | grep -v NAME)
	same '' "$bad" 'paths to nothing'
}

# Verbs with work of their own, each on a line, as help lists them below $1.
leaves() {
	# shellcheck disable=SC2086 # verbs are words
	ktstr $1 --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on && $1 != "help" { print $1 }' |
		while read -r name; do
			verb=${1:+$1 }$name
			if ktstr $verb --help | grep -qx 'Commands:'; then leaves "$verb"; else echo "$verb"; fi
		done
}

# "verb --option" for every option that help shows.
shown() {
	{ echo && leaves ''; } | while read -r verb; do
		# shellcheck disable=SC2086
		ktstr $verb --help | awk -v verb="$verb" '
			/^Options of every command/ { common = 1 }
			/^Examples:/ { exit }
			match($0, /^ +(-[A-Za-z], )?--[a-z-]+/) {
				option = substr($0, RSTART, RLENGTH)
				sub(/.*--/, "--", option)
				if (!common || verb == "") print (common ? "every" : verb), option
			}'
	done | sort -u
}

# The same of the tables below the headings of docs/cli.md.
documented() {
	awk '
		/^## / { verb = substr($0, 4); if (verb == "Every command") verb = "every" }
		/^\| `-/ {
			row = $0
			sub(/^\| /, "", row)
			sub(/ \|.*/, "", row)
			for (; match(row, /--[a-z-]+/); row = substr(row, RSTART + RLENGTH))
				print verb, substr(row, RSTART, RLENGTH)
		}' "$root/docs/cli.md" | sort -u
}

options() {
	shown >help.txt
	documented >docs.txt
	[ -s help.txt ] && diff -u help.txt docs.txt
}

# Every verb that help lists has a chapter.
verbs() {
	leaves '' >verbs.txt
	bad=$(while read -r verb; do
		grep -qxF "## $verb" "$root/docs/cli.md" || echo "$verb"
	done <verbs.txt)
	[ -s verbs.txt ] && same '' "$bad" 'verbs without a chapter'
}

exit_codes() {
	sed -n 's/^\tX_[A-Z_]* = \([0-9]*\),.*/\1/p' "$root/runtime/base/err.h" | sort -n >code
	sed -n 's/^| \([0-9][0-9]*\) |.*/\1/p' "$root/docs/exit-codes.md" | sort -n >doc
	[ -s code ] && diff -u code doc
}

# Variables the programs read.
environment() {
	grep -rhoE '(getenv|cache_path|absolute_env|env_u64)\("[A-Z_]+"' "$root/gen" "$root/runtime" | sed 's/.*"\(.*\)"/\1/' |
		sort -u >code
	sed -n '/^## Environment/,/^## /s/^| \(`[^|]*\) |.*/\1/p' "$root/docs/cli.md" >table.txt
	bad=$(while read -r name; do
		grep -qF "\`$name\`" table.txt || echo "$name"
	done <code)
	[ -s code ] && same '' "$bad" 'variables that docs/cli.md does not have'
}

# All that a scenario can be made of stands on its page.
scenario_words() {
	{
		grep -oE '"[a-z_]+", a_' "$root/runtime/scenario/text/attribute.c" | cut -d '"' -f 2
		grep -ohE '(LINE|SET)_[A-Z]+\] = "[a-z]+"' "$root/runtime/scenario/text/line.c" "$root/runtime/scenario/set.c" |
			cut -d '"' -f 2
		sed -n 's/^\t{ "\([A-Za-z]*\)", ".*/\1/p' "$root/runtime/scenario/worktype.c"
		sed -n 's/.*\.name = "\([a-z]*\)", \.args.*/\1/p' "$root/runtime/scenario/program.c"
	} | sort -u >words
	[ "$(wc -l <words)" -gt 70 ] || return 1
	# shellcheck disable=SC2016 # backquotes of Markdown
	grep -oE '`[^`]+`' "$root/docs/scenarios.md" >quoted
	bad=$(while read -r word; do
		grep -qw -- "$word" quoted || echo "$word"
	done <words)
	same '' "$bad" 'words that docs/scenarios.md does not have'
}

run_tests named_files links paths options verbs exit_codes environment scenario_words
