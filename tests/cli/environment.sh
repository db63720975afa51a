#!/bin/sh
# Paths that come by the environment, relative to the folder the tool is started in.
. "$(dirname "$0")/../lib.sh"
. "$root/tests/site.sh"
unset http_proxy https_proxy all_proxy no_proxy CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR XDG_CONFIG_HOME
unset KTSTR_KERNEL_KEYRING GIT_DIR
KTSTR_CCACHE=0
export KTSTR_CCACHE
kernel_site "$base/site" 6.12.5 6.12.9 >"$base/site.log" 2>&1 || exit 1

# Steps work elsewhere; the same comes of either spelling.
authorities() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out ca.pem -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2>/dev/null && mkdir certs && cp ca.pem "certs/$(openssl x509 -in ca.pem -noout -hash).0" &&
		cat key.pem ca.pem >both.pem && serve "$base/site" --cert both.pem || return
	KTSTR_RELEASES_URL=https://localhost:${web##*:}/releases.json
	export KTSTR_RELEASES_URL
	exits 24 ktstr kernel build 6.12 || return
	for trust in CURL_CA_BUNDLE=ca.pem SSL_CERT_FILE=ca.pem SSL_CERT_FILE=./ca.pem SSL_CERT_DIR=certs SSL_CERT_DIR=none:certs; do
		rm -rf cache
		echo "$trust"
		exits 0 env "$trust" ktstr kernel build 6.12 && has 6.12.9 out || return
	done
}

keyring() {
	: >k.gpg
	exits 25 env KTSTR_KERNEL_KEYRING="$work/k.gpg" ktstr kernel build 6.12.5 &&
		exits 25 env KTSTR_KERNEL_KEYRING=k.gpg ktstr kernel build 6.12.5 &&
		exits 10 env KTSTR_KERNEL_KEYRING=nowhere.gpg ktstr kernel build 6.12.5
}

# Their standard has relative ones ignored; that is said, and nothing is made there.
standard_folders() {
	mkdir -p conf/ktstr && : >conf/ktstr/kernel.org.gpg || return
	exits 25 env XDG_CONFIG_HOME="$work/conf" ktstr kernel build 6.12.5 &&
		exits 0 env XDG_CONFIG_HOME=conf ktstr kernel build 6.12.5 && has 'warning: XDG_CONFIG_HOME=conf is ignored' err || return
	exits 0 env HOME="$work/home" XDG_CACHE_HOME=mine ktstr kernel list && has 'warning: XDG_CACHE_HOME=mine is ignored' err &&
		[ ! -e mine ] && exits 0 env XDG_RUNTIME_DIR=run ktstr complete '' && hasnt warning err
}

# Programs in a relative folder, or in the empty one, which is the current folder.
search_path() {
	sh "$root/tests/fake-linux.sh" linux && mkdir b && printf '#!/bin/sh\n: >%s/ran\nexec %s "$@"\n' "$work" "$(command -v make)" >b/make &&
		chmod +x b/make && cp b/make make || return
	for path in "b:$PATH" "./b:$PATH" ":$PATH" "$PATH:../search_path/b"; do
		rm -rf cache ran
		echo "PATH=$path"
		exits 0 env PATH="$path" ktstr kernel build --source linux || return
		case $path in "$PATH":*) continue ;; esac
		[ -e ran ] || fail 'the other make was run' || return
	done
}

places() {
	sh "$root/tests/fake-linux.sh" linux && mkdir tmp || return
	exits 0 env KTSTR_STORE=s KTSTR_CACHE_DIR=./k HOME=home TMPDIR=tmp ktstr kernel build --source linux && [ -d s/objects ] &&
		[ -d k ] && same '' "$(ls tmp)" 'left in TMPDIR' || return
	exits 0 env -u XDG_CACHE_HOME HOME=home ktstr kernel build --source linux && [ -d home/.cache/ktstr/store ] &&
		same '' "$(find home/.cache/ktstr/store -name home)" 'folders in the store'
}

run_tests authorities keyring standard_folders search_path places
