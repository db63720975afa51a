#!/bin/sh
# The step `releases` against servers that fail: what it says, what it keeps, how often it asks; https; stops.
. "$(dirname "$0")/../lib.sh"

unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR

list() { # VERSION
	printf '{"releases": [{"moniker": "mainline", "version": "6.17-rc2"},
	{"moniker": "stable", "version": "%s"}]}\n' "$1"
}

site() {
	mkdir -p site
	list 6.16.9 >site/releases.json
	: >faults
	serve site --faults faults
}

releases() { # URL
	rm -rf out.d
	ktstr-source releases --id releases --store "$work/store" --out "$work/out.d" --url "$1"
}

fact() {
	sed -n "s/^$1 //p" out.d/facts
}

asked() {
	grep -c . web.log
}

said() { # EXIT-CODE WORDS PATH
	exits "$1" releases "$web$3" && has "$2" err
}

an_answer() {
	site
	exits 0 releases "$web/releases.json" && cmp site/releases.json out.d/releases.json &&
		same "$web/releases.json" "$(fact url)" && same network "$(fact from)" && same - "$(fact problem)" &&
		date -d "$(fact fetched)" >/dev/null && same 1 "$(asked)"
}

# Nothing was kept from before: each of these is an error, with the way out.
errors() {
	site
	said 24 'HTTP 404 Not Found' /none.json &&
		said 24 'HTTP 403 Forbidden' /fault/403/releases.json &&
		said 24 'a web page came instead' /fault/html/releases.json &&
		said 24 'missing releases array' /fault/json/releases.json &&
		said 24 'is not a list of releases' /fault/empty/releases.json &&
		said 24 'goes on after 4194304 bytes' /fault/endless/releases.json &&
		said 24 'redirects' /fault/loop/releases.json &&
		said 24 'redirects away from https and http' "/fault/loop=file:%252f%252f%252fetc%252fpasswd/releases.json" &&
		has 'KTSTR_RELEASES_URL' err &&
		exits 24 releases http://127.0.0.1:1/releases.json && has 'connect' err &&
		exits 24 releases "file://$work/none.json" && has 'No such file' err &&
		exits 2 releases ftp://127.0.0.1/releases.json &&
		exits 2 ktstr-source releases --id r --store store --out out.d &&
		same '' "$(find store/releases -type f 2>/dev/null)"
}

# 4 tries for what may pass, one for what will not; the pauses are 0.5, 1 and 2 seconds.
how_often_it_asks() {
	site
	unset KTSTR_RETRY_MS
	said 24 'HTTP 503 Service Unavailable' /fault/503/releases.json && has '(tried 4 times)' err && same 4 "$(asked)" &&
		: >web.log &&
		said 24 'HTTP 404' /fault/404/releases.json && same 1 "$(asked)" && : >web.log &&
		start=$(date +%s%N) && exits 0 releases "$web/fault/500x2/releases.json" && end=$(date +%s%N) &&
		same 3 "$(asked)" && : >web.log &&
		same 1 $(((end - start) / 1000000 >= 1500)) &&
		start=$(date +%s) && exits 0 releases "$web/fault/retry=3+429x1/releases.json" && end=$(date +%s) &&
		same 1 $((end - start >= 2)) &&
		exits 0 releases "$web/fault/cutx1/releases.json" && cmp site/releases.json out.d/releases.json &&
		has 'releases.json 206 bytes=' web.log
}

# The pauses can be others, within bounds.
pauses() {
	site
	start=$(date +%s%N)
	KTSTR_RETRY_MS=1 said 24 'HTTP 503' /fault/503/releases.json && same 4 "$(asked)" &&
		same 1 $((($(date +%s%N) - start) / 1000000 < 3000)) || return
	for ms in 0 30001 x -1 1.5; do
		: >web.log
		KTSTR_RETRY_MS=$ms said 2 "KTSTR_RETRY_MS is \"$ms\"" /fault/503/releases.json && same 1 "$(asked)" || return
	done
}

# The last good answer stands in for whatever is wrong, and the reason is told.
last_good_answer() {
	site
	exits 0 releases "$web/releases.json" || return
	first=2026-01-02T03:04:05Z
	# Were it asked now, the time would be another.
	touch -d '2026-01-02 03:04:05Z' store/releases/*.json
	list 6.16.10 >site/releases.json
	for fault in 404 403 500 html json empty endless loop cut; do
		echo "/releases.json $fault" >faults
		exits 0 releases "$web/releases.json" || return
		same cache "$(fact from)" "$fault" && same "$first" "$(fact fetched)" "$fault" &&
			has 6.16.9 out.d/releases.json && hasnt 'problem -' out.d/facts || return
	done
	echo '/releases.json 500' >faults
	: >web.log
	exits 0 releases "$web/releases.json" && same 3 "$(asked)" && has 'problem HTTP 500 Internal Server Error from' out.d/facts || return
	: >faults
	exits 0 releases "$web/releases.json" && same network "$(fact from)" && has 6.16.10 out.d/releases.json || return
	# What is kept is not believed either.
	echo garbage >"$(find store/releases -name '*.json')"
	echo '/releases.json 500' >faults
	exits 24 releases "$web/releases.json"
}

# One URL's answer is not another's.
each_url_has_its_own() {
	site
	exits 0 releases "$web/releases.json" && exits 24 releases "$web/fault/404/releases.json"
}

no_password_in_facts() {
	site
	exits 0 releases "http://user:secret@${web#http://}/releases.json" &&
		same "$web/releases.json" "$(fact url)" &&
		exits 24 releases "http://user:secret@${web#http://}/none" && hasnt secret err
}

from_a_folder() {
	mkdir -p "a b"
	list 6.16.9 >"a b/releases.json"
	exits 0 releases "file://$work/a%20b/releases.json" &&
		cmp "a b/releases.json" out.d/releases.json && same network "$(fact from)" || return
	rm "a b/releases.json"
	exits 0 releases "file://$work/a%20b/releases.json" && same cache "$(fact from)"
}

# A proxy is asked instead of the server, except for those that no_proxy names.
through_a_proxy() {
	site
	http_proxy=$web exits 0 releases http://kernel.invalid/releases.json &&
		has 'GET http://kernel.invalid/releases.json 200' web.log &&
		http_proxy=http://127.0.0.1:1 no_proxy=127.0.0.1 exits 0 releases "$web/releases.json"
}

certificates() {
	mkdir site
	list 6.16.9 >site/releases.json
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout key.pem -out cert.pem 2>/dev/null || return
	cat key.pem cert.pem >both.pem
	serve site --cert both.pem
	secure=https://localhost:${web##*:}
	exits 24 releases "$secure/releases.json" && has 'CURL_CA_BUNDLE' err && hasnt 'tried' err || return
	CURL_CA_BUNDLE=cert.pem exits 0 releases "$secure/releases.json" || return
	rm -rf store
	SSL_CERT_FILE=cert.pem exits 0 releases "$secure/releases.json" || return
	rm -rf store
	CURL_CA_BUNDLE=cert.pem exits 24 releases "https://127.0.0.1:${web##*:}/releases.json" && has 127.0.0.1 err &&
		SSL_CERT_FILE=cert.pem exits 24 releases "$secure/fault/loop=http:%252f%252flocalhost%252fx/releases.json" &&
		has 'from https to http' err
}

# One that begins tomorrow: the clock may be wrong.
certificate_of_tomorrow() {
	mkdir site
	list 6.16.9 >site/releases.json
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out request.pem 2>/dev/null || return
	: >index
	printf '[ca]\ndefault_ca = c\n[c]\ndatabase = index\nnew_certs_dir = .\npolicy = p\nrand_serial = yes\n[p]\ncommonName = supplied\n' >ca.conf
	openssl ca -batch -config ca.conf -selfsign -keyfile key.pem -in request.pem -out cert.pem -md sha256 -notext \
		-startdate "$(date -u -d tomorrow +%Y%m%d%H%M%SZ)" -days 3 2>openssl.log || { cat openssl.log; return 1; }
	cat key.pem cert.pem >both.pem
	serve site --cert both.pem
	CURL_CA_BUNDLE=cert.pem exits 24 releases "https://localhost:${web##*:}/releases.json" && has 'not yet valid' err &&
		has "clock right? It says $(date -u +%Y-%m-%d)" err
}

# A server that takes the connection and says nothing: a signal ends that at once, in any phase.
a_stop_ends_it() {
	site
	for path in /fault/mute/releases.json /fault/stall/releases.json /fault/retry=30+503/releases.json; do
		: >web.log
		releases "$web$path" 2>err &
		step=$!
		within 30 test -s web.log || fail "$path is not asked for" || return
		start=$(date +%s)
		# The subshell is the step's parent.
		pkill -TERM -P "$step" ktstr-source
		wait "$step"
		same 130 $? "$path" && same 1 $(($(date +%s) - start < 10)) "$path" || return
	done
}

run_tests an_answer errors how_often_it_asks pauses last_good_answer each_url_has_its_own no_password_in_facts from_a_folder \
	through_a_proxy certificates certificate_of_tomorrow a_stop_ends_it
