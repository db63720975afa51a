# Completion of @NAME@ for fish 3.4 or later. The program says what may stand at the cursor.
function __@ID@_complete
    set -l words (commandline -opc)
    set -l cur (commandline -ct)
    set -l before (string match -r -- '^--[^=]*=' "$cur")
    set -l path (string replace -r -- '^--[^=]*=' '' "$cur")
    test -n "$before"; or set before ''
    set -e words[1]
    for line in (@NAME@ complete -- $words "$cur" 2>/dev/null)
        switch $line
            case =files
                printf '%s\n' $before(__fish_complete_path "$path")
            case =folders
                printf '%s\n' $before(__fish_complete_directories "$path")
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c @NAME@ -f -a '(__@ID@_complete)'
