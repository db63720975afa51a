
# For `cargo ktstr`; what completed cargo before goes on to.
if [[ $(complete -p cargo 2>/dev/null) =~ \ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _@ID@_cargo ]]; then
	_@ID@_before=${BASH_REMATCH[1]}
fi
_@ID@_cargo() {
	if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == ktstr ]]; then
		_@ID@_complete
		return
	fi
	[[ -z ${_@ID@_before-} ]] || "$_@ID@_before" "$@"
	if ((COMP_CWORD == 1)) && [[ ktstr == "${COMP_WORDS[1]}"* ]]; then
		COMPREPLY+=(ktstr)
	fi
}
complete -F _@ID@_cargo cargo
