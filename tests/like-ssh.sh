#!/bin/bash
# like-ssh.sh HOST WORD…: what ssh does with a command, on this machine: another session, which has none of our environment and begins in another folder; the
# words become one line, which a shell reads; the exit code is the command's, or 255 when it is ssh that fails. When it dies, the command loses
# its standard input and is not told otherwise. $SSH_LOG: a line for each. Hosts: "none" cannot be reached, "silent" lets nothing through.
set -o pipefail
host=$1
shift
[ -z "${SSH_LOG-}" ] || echo "$host: $*" >>"$SSH_LOG"
case $host in
none)
	echo "ssh: connect to host $host port 22: Connection refused" >&2
	exit 255
	;;
silent) exec sleep 600 ;;
esac
cd / || exit 255
cat | env -i HOME=/ PATH=/usr/bin:/bin setsid -w sh -c "$*" | cat
