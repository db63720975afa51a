#!/bin/sh
# One machine fills a remote store, another one boots nothing: by the strict server of tests, and by nginx. SHOW=1 prints what it took.
# shellcheck disable=SC2086 # packages: one path each, no spaces in their names
. "$(dirname "$0")/../lib.sh"

unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY
packages=$(sh "$root/tests/fetch-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
PATH=$PATH:/usr/sbin

start() { # FOLDER
	mkdir -p "$1" && rm -f port && python3 "$root/tests/cache-server.py" --dir "$1" --port-file port --log log --faults faults &
	within 30 test -s port || fail 'the server does not start' || exit 1
	KTSTR_REMOTE_CACHE=http://127.0.0.1:$(cat port) KTSTR_REMOTE_CACHE_WAIT=600
	export KTSTR_REMOTE_CACHE KTSTR_REMOTE_CACHE_WAIT
}

# nginx with DAV, in a folder of its own.
start_nginx() {
	mkdir -p "$work/nginx/root" && chmod 755 "$base" "$work" && cat >nginx/conf <<-CONF || return
		$([ "$(id -u)" != 0 ] || echo 'user root;')
		load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
		daemon off;
		master_process off;
		pid $work/nginx/pid;
		error_log $work/nginx/errors;
		events { worker_connections 256; }
		http {
		  access_log off;
		  client_body_temp_path $work/nginx/body; proxy_temp_path $work/nginx/p; fastcgi_temp_path $work/nginx/f;
		  uwsgi_temp_path $work/nginx/u; scgi_temp_path $work/nginx/s;
		  client_max_body_size 0;
		  server {
		    listen unix:$work/nginx/socket;
		    listen 127.0.0.1:$1;
		    root $work/nginx/root;
		    location / { dav_methods PUT; create_full_put_path on; dav_access user:rw; }
		  }
		}
	CONF
	# One process: workers would outlive a master that is killed.
	setpriv --pdeathsig KILL nginx -p "$work/nginx" -c "$work/nginx/conf" >nginx/out 2>&1 &
	within 30 curl -so nginx/first "http://127.0.0.1:$1/" || { cat nginx/out; fail 'nginx does not start'; }
}

# A port that was free a moment ago.
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# machine NAME: stores, kernels and inputs of its own, at paths of its own; others are as they were
machine() {
	mkdir -p "$1/in" && chmod 755 "$base" "$work" "$1" && cp "$O/sched/scx_ktstr" $packages "$1/in/" && XDG_CACHE_HOME=$work/$1/cache && export XDG_CACHE_HOME || return
	printf 'duration 400ms\nsettle 50ms\ncgroup left\ncgroup right\nwork left spin n=1\nwork right spin n=1\nhold 50%%\nhold 50%%\n' >"$1/in/t.ktstr"
	[ -d "$1/in/linux" ] || sh "$root/tests/fake-linux.sh" "$1/in/linux"
}

# All of it: an import, a build, a sweep of a scheduler, a matrix. Lines of steps in NAME.log.
everything() { # NAME COMMAND-PREFIX…
	name=$1
	shift
	(
		cd "$name/in" && key=$("$@" ktstr -v kernel import ./*.deb) && "$@" ktstr -v kernel build --source linux &&
			"$@" ktstr -v verifier --scheduler-bin ./scx_ktstr --kernel "$key" --profiles default --clock virtual &&
			"$@" ktstr -v matrix t.ktstr --kernel "$key" --seeds 2
	) >"$name.out" 2>"$name.log" </dev/null || { cat "$name.log"; fail "$name failed"; }
}

# Steps that ran, but for those that look at this machine, or are done each time since they cost nothing.
ran() {
	grep -E '^ *[0-9]+\.[0-9]+s ' "$1.log" | grep -vE 's (host accelerator|source tree|cache entry|scenario|judge)( |$)'
}

# What was found out, without how long it took and what was known.
told() {
	grep -oE 'verified_insns=[0-9]+|PASS [a-z_]+' "$1.out"
}

show() {
	[ -z "${SHOW-}" ] || echo "$*" >&3
}

timed() { # NAME COMMAND…
	was=$(date +%s%N)
	"$@" || return
	show "$1 $2: $((($(date +%s%N) - was) / 1000000)) ms"
}

# Another store, other paths, another user, another umask, and a clock of files that says nothing: no step.
fills_and_takes() {
	start there && machine a && KTSTR_REMOTE_CACHE_MODE=rw && export KTSTR_REMOTE_CACHE_MODE && timed everything a || return
	[ -n "$(ran a)" ] || fail 'the first machine had nothing to do' || return
	hasnt BAD log && machine b && unset KTSTR_REMOTE_CACHE_MODE || return
	set --
	if [ "$(id -u)" = 0 ] && attempt setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$O/ktstr" -a -r "$root/rules"; then
		chown -R 65534:65534 b || return
		set -- setpriv --reuid 65534 --regid 65534 --clear-groups
	fi
	umask 077
	timed everything b "$@" || return
	umask 022
	same '' "$(ran b)" 'steps that ran' && has 'from http://127.0.0.1' b.log && [ -n "$(told a)" ] && same "$(told a)" "$(told b)" 'what was told' || return
	# Times of inputs say nothing, and neither does a clone that is new.
	machine c && find c/in -exec touch {} + && timed everything c && same '' "$(ran c)" 'steps that ran' && hasnt BAD log
}

# Shards of a matrix on three machines; the fourth has nothing left to run.
shards() {
	start there && KTSTR_REMOTE_CACHE_MODE=rw && export KTSTR_REMOTE_CACHE_MODE || return
	for i in 1 2 3; do
		machine "m$i" && (
			cd "m$i/in" && key=$(ktstr kernel import ./*.deb) && cp t.ktstr u.ktstr && cp t.ktstr v.ktstr &&
				ktstr -v matrix t.ktstr u.ktstr v.ktstr --kernel "$key" --shard "$i/3"
		) >"m$i.out" 2>"m$i.log" </dev/null || { cat "m$i.log"; fail "shard $i"; } || return
	done
	machine m4 && (
		cd m4/in && key=$(ktstr kernel import ./*.deb) && cp t.ktstr u.ktstr && cp t.ktstr v.ktstr &&
			ktstr -v matrix t.ktstr u.ktstr v.ktstr --kernel "$key"
	) >m4.out 2>m4.log </dev/null || { cat m4.log; fail 'the whole'; } || return
	same '' "$(ran m4)" 'steps that ran'
}

# A server that many have. Both layouts; how fast is for docs/performance.md.
served_by_nginx() {
	command -v nginx >/dev/null || fail 'nginx is missing; make setup' || return
	port=$(free_port) && start_nginx "$port" || return
	for layout in flat bazel; do
		url=http://127.0.0.1:$port/$layout
		head -c 4096 "$O/ktstr-init" >p && head -c 3000000 /dev/urandom >>p && rm -rf a b &&
			exits 0 python3 "$root/tests/remote-run.py" "=$url" "_LAYOUT=$layout" _MODE=rw -- ktstr-step initramfs --store a --out o --init p && has ' 1 went' err &&
			exits 0 python3 "$root/tests/remote-run.py" "=$url" "_LAYOUT=$layout" -- ktstr-step initramfs --store b --out o --init p && has ' 1 results came' err &&
			hasnt warning err && cmp a/objects/*/*/initramfs.cpio b/objects/*/*/initramfs.cpio || return
		mkdir -p bench && python3 "$root/tests/bench/remote.py" "$url" "$layout" 1 300000000 bench >table 2>err && show "$(cat table)" &&
			python3 "$root/tests/bench/remote.py" "$url" "$layout" 10000 2000 bench >table 2>err && show "$(cat table)" || { cat err; fail "$url"; } || return
	done
}

exec 3>&2
[ $# -gt 0 ] || set -- fills_and_takes shards served_by_nginx
run_tests "$@"
