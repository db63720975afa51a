
# For `@CARGO@ ktstr`; what completed @CARGO@ before goes on to.
if [[ $(complete -p @CARGO@ 2>/dev/null) =~ \ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _@ID@_@CARGOID@ ]]; then
	_@ID@_@CARGOID@_before=${BASH_REMATCH[1]}
fi
_@ID@_@CARGOID@() {
	if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == ktstr ]]; then
		_@ID@_complete
		return
	fi
	[[ -z ${_@ID@_@CARGOID@_before-} ]] || "$_@ID@_@CARGOID@_before" "$@"
	if ((COMP_CWORD == 1)) && [[ ktstr == "${COMP_WORDS[1]}"* ]]; then
		COMPREPLY+=(ktstr)
	fi
}
complete -F _@ID@_@CARGOID@ @CARGO@
