
# For `@CARGO@ ktstr`, beside what completes @CARGO@ already.
function __@ID@_in_cargo
    set -l words (commandline -opc)
    test (count $words) -gt 1; and test "$words[2]" = ktstr
end
function __@ID@_first
    test (count (commandline -opc)) -eq 1
end
complete -c @CARGO@ -n __@ID@_first -f -a ktstr -d 'test harness for Linux process schedulers'
complete -c @CARGO@ -n __@ID@_in_cargo -f -a '(__@ID@_complete)'
