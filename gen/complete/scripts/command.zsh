#compdef @NAME@ @CARGO@
# Completion of @NAME@ for zsh: as a file of a folder of fpath named _@NAME@, or read by source. The program says what may stand at
# the cursor.
_@ID@_complete() {
	local line word paths
	local -a found shown

	for line in "${(@f)$(@NAME@ complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
		case $line in
		('') ;;
		('=files') paths=_files ;;
		('=folders') paths='_files -/' ;;
		(*)
			word=${line%%$'\t'*}
			found+=("$word")
			[[ $line == $word ]] && shown+=("$word") || shown+=("$word  -- ${line#*$'\t'}")
			;;
		esac
	done
	(($#found)) && compadd -l -d shown -a found
	if [[ -n $paths ]]; then
		compset -P '--*='
		${=paths}
	fi
}

# cargo's own completion calls it with the words from "ktstr" on; called for cargo, the rest is left to the own one.
_@NAME@() {
	if [[ $words[1] == '@CARGO@' ]]; then
		if [[ $words[2] != ktstr || $CURRENT == 2 ]]; then
			((CURRENT == 2)) && compadd ktstr
			(($+functions[_cargo])) && _cargo "$@"
			return
		fi
		shift words
		((CURRENT--))
	fi
	_@ID@_complete
}

if [[ $funcstack[1] == _@NAME@ ]]; then
	_@NAME@ "$@"
else
	compdef _@NAME@ @NAME@ @CARGO@
fi
