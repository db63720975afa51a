#!/bin/sh
# Results that another machine made: what goes over the wire, what a bad server does, what is secret. SHOW=1 prints the table of faults.
# shellcheck disable=SC2016 # what is in single quotes is for make
. "$(dirname "$0")/../lib.sh"

unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY XDG_CONFIG_HOME
HOME=$base
token=tell-nobody-this
KTSTR_CCACHE=0
export KTSTR_CCACHE HOME

# start [OPTION…]: a server with nothing in it
start() {
	rm -rf there port && mkdir there && : >faults && : >log || return
	python3 "$root/tests/cache-server.py" --dir there --port-file port --log log --faults faults "$@" &
	server=$!
	within 30 test -s port || fail 'the server does not start' || exit 1
	url=http://127.0.0.1:$(cat port)
}

# step STORE FILE [SETTING…]: one step, with a program as input, from a store of its own; what came of it is in how: came|made
step() {
	store=$1 file=$2
	shift 2
	rm -rf out.d
	before=$(date +%s%N)
	exits 0 python3 "$root/tests/remote-run.py" "=$url" "$@" -- ktstr-step initramfs --store "$store" --out out.d --init "$file" || return
	ms=$((($(date +%s%N) - before) / 1000000))
	how=made
	! grep -q '^from ' "$store"/objects/*/*/origin || how=came
	lost=$(sed -n 's/.*; \([0-9]*\)\.\([0-9]\) s waited in vain$/\1\200/p' err)
	cp err said
}

# program NAME BYTES: something that looks like one, without a page of zeros (digest.h)
program() {
	head -c 4096 "$O/ktstr-init" >"$1" && head -c "$2" /dev/urandom >>"$1"
}

# Nothing that a stock server could refuse.
proper() {
	hasnt BAD log
}

# One request a file and two a result; all of Bazel's rules; equal bytes, modes and recipe behind it.
travels() {
	start && program p 3000000 && step a p _MODE=rw && same made "$how" && proper || return
	same 'PUT PUT PUT ' "$(sed -n 's/^\(PUT\) .*/\1/p' log | tr '\n' ' ')" requests && step b p && same came "$how" || return
	diff -r a/objects b/objects >diff.txt || [ $? = 1 ] || return
	grep -vE '/origin |^---|^[0-9,]+[acd][0-9,]+$|^> from ' diff.txt && fail 'other bytes' && return 1
	[ "$(stat -c %a b/objects/*/*/initramfs.cpio)" = 444 ] && has "from $url" b/objects/*/*/origin &&
		same "$(grep -v ^from b/objects/*/*/origin)" "$(cat a/objects/*/*/origin)" origin || return
	has '1 results came, 0 were not there, 0 went' said && step b p && hasnt ' were not there, 1 went' said && proper || return
	# What is there is not sent again: asked for its large file only.
	step c p _MODE=rw && same came "$how" && rm -rf c && : >log && sed -i 's/x/x/' faults && echo 'GET /ac/* 404' >faults &&
		step c p _MODE=rw && same made "$how" && has 'HEAD /cas/' log && same 1 "$(grep -c 'PUT /cas/' log)" 'uploads' && proper
}

flat() {
	start && program p 3000000 && step a p _LAYOUT=flat _MODE=rw && key=$(ls there) && same 64 ${#key} 'one file, named as its key' || return
	step b p _LAYOUT=flat && same came "$how" && cmp out.d/initramfs.cpio a/objects/*/*/initramfs.cpio || return
	url="$url/x/{key:2}/{key}" && step c p _LAYOUT=flat _MODE=rw && [ -f "there/x/$(echo "$key" | cut -c 1-2)/$key" ] && step d p _LAYOUT=flat &&
		same came "$how"
}

# signed: as S3 wants it, looked at by a second implementation
signs() {
	start --sigv4 key:hush:eu-north-1 && program p 2000000 && set -- _LAYOUT=flat _USER=key _PASSWORD=hush _SIGV4=aws:amz:eu-north-1:s3 &&
		step a p "$@" _MODE=rw && [ -n "$(ls there)" ] && hasnt warning said && step b p "$@" && same came "$how" || return
	hasnt hush said && step c p _LAYOUT=flat _USER=key _PASSWORD=wrong _SIGV4=aws:amz:eu-north-1:s3 _MODE=rw && same made "$how" &&
		has 'nothing more is sent' said
}

# who may: two write, one reads, one nothing
users() {
	start --token "$token" --user u:secret-word --reader reader && program p 1000 && program q 1000 && step a p "_TOKEN=$token" _MODE=rw &&
		step b p _USER=u _PASSWORD=secret-word _MODE=rw && same came "$how" && step b q _USER=u _PASSWORD=secret-word _MODE=rw || return
	step c p _TOKEN=reader _MODE=rw && same came "$how" && step c q _TOKEN=reader && same came "$how" && program r 1000 &&
		rm -rf c && step c r _TOKEN=reader _MODE=rw && same made "$how" && has 'nothing more is sent to the remote store' said &&
		same 1 "$(grep -c warning said)" 'warnings' || return
	# Nobody in particular has nothing; who is refused by name is told.
	step d p && same made "$how" && hasnt warning said && step e p _TOKEN=other && same made "$how" && has 'HTTP 401' said &&
		hasnt "$token" said && hasnt secret-word said && proper
}

# fault NAME MOST-MS OUTCOME MESSAGE METHOD GLOB SPEC [SETTING…]: OUTCOME is what comes of a result that is there (GET) or is to be
# sent (PUT: sent|kept); MESSAGE "-": nothing is said
fault() {
	name=$1 most=$2 outcome=$3 message=$4
	printf '%s %s %s\n' "$5" "$6" "$7" >faults
	file=p
	case $5 in PUT | HEAD) program new 2000000 && file=new || return ;; esac
	shift 7
	rm -rf b && : >log && step b "$file" "$@" || return
	: >faults
	if [ "$file" = new ]; then
		how=kept
		[ ! -e "there/ac/$(cd b/objects && echo */* | cut -d / -f 2)" ] || how=sent
	fi
	[ -z "${SHOW-}" ] || printf '%-34s %5s %6d ms, %5d lost  %s\n' "$name" "$how" "$ms" "${lost#0}" "$(sed -n 's/^warning: .* \(not asked\|has\|nothing more\|results were\)/\1/p' said | cut -c 1-110)" >&3
	same "$outcome" "$how" "$name" && proper || return
	# What a run of an upload takes is all that can be seen of it.
	[ "$file" = p ] || lost=$((ms - usual))
	lost=${lost#0}
	[ "${lost:-0}" -le "$((most * slack))" ] || fail "$name: $lost ms lost" || return
	[ "$name" != 'nothing is wrong' ] || usual=$ms
	if [ "$message" = - ]; then hasnt warning said; else has "$message" said && same 1 "$(grep -c ^warning said)" "$name: warnings"; fi
}

# Nothing wrong is seen, no run fails, and none waits long. Times are for a machine with other things to do.
slack=4
faults() {
	start && program p 2000000 && step a p _MODE=rw && start_elsewhere || return
	usual=0 && fault 'nothing is wrong' 1000 came - GET '*' 'none' &&
		fault '404' 1000 made - GET '/ac/*' 404 && fault '404 of a file' 1000 made - GET '/cas/*' 404 &&
		fault '401, anonymous' 1000 made - GET '*' 401 && fault '401, by name' 1000 made 'HTTP 401' GET '*' 401 _TOKEN=t &&
		fault '403' 1000 made 'HTTP 403' GET '*' 403 && fault '400' 1000 made 'HTTP 400' GET '*' 400 &&
		fault '500 once' 2000 came - GET '/ac/*' 500x1 && fault '500' 2000 made - GET '*' 500 && fault '503' 2000 made - GET '*' 503 &&
		fault '429' 2000 made - GET '*' 429 && fault 'cut' 1000 made - GET '/cas/*' cut && fault 'gone' 2000 made 'not asked any more' GET '*' gone &&
		fault 'silent' 6000 made 'not asked any more' GET '*' mute && fault 'silent in the middle' 6000 made - GET '/cas/*' mute &&
		fault '2 KB a second' 8000 made - GET '/cas/*' slow=100 && fault 'answers after a second' 4000 came - GET '/ac/*' wait=1000 &&
		fault 'endless ActionResult' 2000 made 'has no end' GET '/ac/*' endless && fault 'endless file' 4000 made 'but wrong' GET '/cas/*' endless &&
		fault 'one byte is another' 1000 made 'but wrong' GET '/cas/*' flip && fault 'a bad ActionResult' 1000 made 'but wrong' GET '/ac/*' flip &&
		fault 'other bytes' 1000 made 'but wrong' GET '/cas/*' swap &&
		fault 'other bytes of the large file' 1000 made 'not those of its list' GET '/cas/*' swap~1 &&
		fault 'one byte of it' 1000 made 'not those of its list' GET '/cas/*' flip~1 && fault 'nothing' 1000 made 'but wrong' GET '/cas/*' empty &&
		fault 'redirect to itself' 1000 made 'HTTP 302' GET '*' "loop=$url" && fault 'redirect elsewhere' 1000 came - GET '*' "loop=$elsewhere" _TOKEN=$token _HEADER="X-Secret: $token" || return
	has 'GET /ac/' log.2 && hasnt secret log.2 || return
	fault 'redirect to a file' 1000 made 'HTTP 302' GET '*' 'loop=file:///etc/passwd?' || return
	set -- _MODE=rw
	fault 'upload: 409 of a file' 1000 kept - PUT '/*' 409 "$@" && fault 'upload: 413 of a file' 1000 kept - PUT '/cas/*' 413 "$@" &&
		fault 'upload: 507' 1000 kept - PUT '/ac/*' 507 "$@" && fault 'upload: 401' 1000 kept 'HTTP 401' PUT '*' 401 "$@" &&
		fault 'upload: 403' 1000 kept 'HTTP 403' PUT '*' 403 "$@" && fault 'upload: 405' 1000 kept 'HTTP 405' PUT '*' 405 "$@" &&
		fault 'upload: 500 once' 2000 sent - PUT '/cas/*' 500x1 "$@" && fault 'upload: 500' 2000 kept - PUT '*' 500 "$@" &&
		fault 'upload: gone' 2000 kept - PUT '/cas/*' gone "$@" && fault 'upload: silent' 8000 kept 'results were not sent' PUT '*' mute "$@" _WAIT=1 &&
		fault 'upload: HEAD is unknown' 1000 sent - HEAD '*' 405 "$@" && fault 'upload: HEAD is 501' 1000 sent - HEAD '*' 501 "$@" &&
		fault 'upload: HEAD is 403' 1000 sent - HEAD '*' 403 "$@" &&
		fault 'upload: redirect elsewhere' 1000 kept 'HTTP 307' PUT '*' "redirect=307,$elsewhere" "$@" _TOKEN=$token &&
		fault 'upload: redirect to the same' 1000 kept 'HTTP 307' PUT '*' "redirect=307,$url" "$@" || return
	hasnt PUT log.2
}

# A second server with the same in it, which must not learn what the first one may.
start_elsewhere() {
	mkdir -p "$work/2" && cp -r there "$work/2/there" || return
	python3 "$root/tests/cache-server.py" --dir 2/there --port-file port.2 --log log.2 &
	within 30 test -s port.2 || fail 'the second server does not start' || exit 1
	elsewhere=http://127.0.0.1:$(cat port.2)
}

# Nobody is there at all.
dead() {
	start && kill "$server" || return
	wait "$server" 2>/dev/null || :
	program p 1000 && step a p _MODE=rw && same made "$how" && has 'not asked any more' said && same 1 "$(grep -c warning said)" 'warnings'
}

# Who knows the secret believes only who knows it; label and digests are covered, whatever the server's rules let through.
macs() {
	start && program p 2000000 && step plain p _LAYOUT=flat _MODE=rw && step a p _LAYOUT=flat _HMAC=shibboleth && same made "$how" &&
		has 'has no HMAC' said || return
	rm -rf a there/* && step a p _LAYOUT=flat _HMAC=shibboleth _MODE=rw && step b p _LAYOUT=flat _HMAC=shibboleth && same came "$how" &&
		step c p _LAYOUT=flat && same came "$how" && step d p _LAYOUT=flat _HMAC=sibboleth && same made "$how" && has 'a wrong HMAC' said &&
		hasnt shibboleth said || return
	# A protocol that is right in all, with a program that is another: only the secret tells.
	python3 - there/* <<-'PY' && rm -rf b c && step b p _LAYOUT=flat _HMAC=shibboleth && same made "$how" && has 'a wrong HMAC' said || return
		import hashlib, sys
		data = open(sys.argv[1], "rb").read()
		line, rest = data.split(b"\n", 1)
		n = int(line.split()[3])
		label, rest = rest[:n], rest[n:]
		recipe = int([l for l in label.split(b"\n") if l.startswith(b"recipe ")][0].split()[1])
		body = bytearray(rest[recipe:])
		body[5000] ^= 1
		old = [l for l in label.split(b"\n") if l.startswith(b"file ")][0].split()
		new = hashlib.sha256(body).hexdigest().encode()
		label = label.replace(old[5], new).replace(old[1], new)
		open(sys.argv[1], "wb").write(line + b"\n" + label + rest[:recipe] + bytes(body))
	PY
	step c p _LAYOUT=flat && same came "$how"
}

# A server with two results mixed up, and one whose label is a lie about its own files.
poisoned() {
	start && program p 2000 && program q 2000 && step a p _MODE=rw && step a q _MODE=rw && echo 'GET /ac/* swap' >faults && step b p &&
		same made "$how" && has 'of another result' said || return
	rm -rf b && echo 'GET /cas/* swap' >faults && step b p && same made "$how" && cmp out.d/initramfs.cpio a/objects/*/"$(ls b/objects/*)"/initramfs.cpio
}

# What is there and wrong is replaced by whoever made it anew and may write.
replaced() {
	for layout in flat bazel; do
		start && program p 2000000 && step a p _LAYOUT=$layout _MODE=rw || return
		large=$(find there -type f -size +1000k) && printf x | dd of="$large" bs=1 seek=1900000 conv=notrunc 2>dd.err || return
		step b p _LAYOUT=$layout && same made "$how" && has 'but wrong' said && rm -rf b && step b p _LAYOUT=$layout _MODE=rw && same made "$how" &&
			step c p _LAYOUT=$layout && same came "$how" && hasnt warning said && rm -rf a b c && kill "$server" || return
	done
}

# The whole of it: a kernel is built once, and is known elsewhere, by another user's rules of what is secret.
tree() {
	sh "$root/tests/fake-linux.sh" "$1" && echo '$(shell [ -z "$$made" ] || echo $(MAKECMDGOALS) >>$$made)$(shell [ -z "$$spoil" ] || grep -lazs tell-nobod[y] /proc/[0-9]*/environ /proc/[0-9]*/cmdline >>$$spoil)' >"$1/local.mk"
}

build() { # STORE [WORD…]
	KTSTR_STORE=$work/$1 KTSTR_CACHE_DIR=$work/$1.kernels
	made=$work/made spoil=$work/seen
	export KTSTR_STORE KTSTR_CACHE_DIR made spoil
	shift
	: >made && : >seen && exits 0 ktstr "$@" kernel build --source linux && cp err said
}

whole() {
	tree linux && start --token "$token" && KTSTR_REMOTE_CACHE=$url KTSTR_REMOTE_CACHE_MODE=rw KTSTR_REMOTE_CACHE_TOKEN=$token &&
		export KTSTR_REMOTE_CACHE KTSTR_REMOTE_CACHE_MODE KTSTR_REMOTE_CACHE_TOKEN || return
	build a -v && [ -s made ] && has ' 1 went' said && proper || return
	# The server itself was told by its command line.
	grep -v "^/proc/$server/" seen >others
	[ ! -s others ] || { cat others; fail 'what is secret can be seen'; } || return
	mkdir other && mv linux other/tree && touch other/tree/* && ln -s other/tree linux && build b -v && [ ! -s made ] && has ' 1 results came' said && has "cached  build tree, from $url" said || return
	KTSTR_STORE=$work/c KTSTR_CACHE_DIR=$work/c.kernels && exits 0 ktstr kernel build --source linux --explain && has "from $url" err &&
		has 'made 20' err && ! grep -rq "$token" a b c a.kernels err out || return
	# By a file, with the secret in another one.
	unset KTSTR_REMOTE_CACHE KTSTR_REMOTE_CACHE_MODE KTSTR_REMOTE_CACHE_TOKEN
	mkdir -p conf && echo "$token" >conf/token && printf '# sharing\nKTSTR_REMOTE_CACHE=%s\nKTSTR_REMOTE_CACHE_TOKEN_FILE=%s\n' "$url" "$work/conf/token" >conf/config &&
		KTSTR_CONFIG=conf/config && export KTSTR_CONFIG && build d -v && [ ! -s made ] && has ' 1 results came' said
}

settings() {
	tree linux && KTSTR_STORE=$work/store && export KTSTR_STORE && : >empty || return
	for bad in KTSTR_REMOTE_CACHE=ftp://x KTSTR_REMOTE_CACHE_LAYOUT=round KTSTR_REMOTE_CACHE_MODE=w KTSTR_REMOTE_CACHE_WAIT=-1 \
		KTSTR_REMOTE_CACHE_TOKEN_FILE=nowhere KTSTR_REMOTE_CACHE_TOKEN_FILE=empty KTSTR_REMOTE_CACHE_HMAC_FILE=empty \
		'KTSTR_REMOTE_CACHE=http://127.0.0.1:9/{key:2}' KTSTR_REMOTE_CACHE_CERT=x KTSTR_REMOTE_CACHE_SIGV4=aws:amz:r:s3 KTSTR_CONFIG=nowhere; do
		exits 2 env KTSTR_REMOTE_CACHE=http://127.0.0.1:9 "$bad" ktstr kernel build --source linux && has "${bad%%=*}" err || return
	done
	exits 2 ktstr-remote && exits 2 ktstr-remote 7
}

exec 3>&2
run_tests travels flat signs users faults dead macs poisoned replaced whole settings
