# Completion of @NAME@ for bash 4.4 or later. The program says what may stand at the cursor.
_@ID@_complete() {
	local words=() rest=$COMP_LINE word cur line i

	# The line's words: readline also breaks them at "=" and ":".
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		line=${rest#"${rest%%[![:blank:]]*}"}
		if ((i)) && [[ $line == "$rest" ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
		fi
		rest=${line#"$word"}
	done
	cur=${words[${#words[@]} - 1]}
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		=files) compopt -o default ;;
		=folders) compopt -o dirnames ;;
		*)
			word=${line%%$'\t'*}
			[[ $word != *[!A-Za-z0-9._+@:,/=-]* ]] || printf -v word %q "$word"
			COMPREPLY+=("$word")
			;;
		esac
	done < <(@NAME@ complete -- "${words[@]:1}" 2>/dev/null)
	# Of --option=value readline replaces the value only.
	if [[ $cur == --*=* && $COMP_WORDBREAKS == *=* ]]; then
		COMPREPLY=("${COMPREPLY[@]#*=}")
	fi
}
complete -F _@ID@_complete @NAME@
