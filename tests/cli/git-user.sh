#!/bin/sh
# What people have set up for git counts: GIT_SSH_COMMAND, GIT_SSH, core.sshCommand (also by relative paths), insteadOf,
# credential helpers over https; and passwords of addresses are nowhere to be seen meanwhile.
. "$(dirname "$0")/../lib.sh"

export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a
export GIT_COMMITTER_EMAIL=a@example.org KTSTR_CCACHE=0
unset GIT_SSH GIT_SSH_COMMAND GIT_DIR GIT_ASKPASS SSH_ASKPASS GIT_CONFIG_GLOBAL GIT_CONFIG_COUNT GIT_ALLOW_PROTOCOL CURL_CA_BUNDLE
unset GIT_SSL_CAINFO GIT_SSL_CAPATH SSL_CERT_FILE SSL_CERT_DIR http_proxy https_proxy all_proxy XDG_CONFIG_HOME
HOME=$base/home
export HOME
served=$base/served

serve() {
	mkdir -p "$HOME" && sh "$root/tests/fake-linux.sh" "$served/linux" && git -C "$served/linux" init -q -b master &&
		git -C "$served/linux" add -A && git -C "$served/linux" commit -qm one || return
	id=$(git -C "$served/linux" rev-parse HEAD)
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$base/key.pem" -out "$base/cert.pem" 2>/dev/null && cat "$base/key.pem" "$base/cert.pem" >"$base/both.pem" &&
		mkfifo "$base/life" || return
	python3 "$root/tests/githttpd.py" "$served" "$base/https.port" "$base/http.log" "$base/both.pem" <"$base/life" &
	exec 9>"$base/life"
	trap 'exec 9>&-; rm -rf "$base"' EXIT
	within 10 test -s "$base/https.port" || return
	https_url=https://localhost:$(cat "$base/https.port")
	cat >"$base/ssh" <<-'END'
		#!/bin/sh
		printf '%s\n' "$0" "$@" >>"$SSH_LOG"
		for last; do :; done
		exec sh -c "$last"
	END
	chmod +x "$base/ssh"
}

configure() { # KEY VALUE
	git config --global "$1" "$2"
}

# builds URL [OPTION]…: by the verb, whose steps run in a folder of their own; from a folder that is not the repository's
builds() {
	url=$1
	shift
	rm -rf cache store home
	exits 0 timeout 300 ktstr kernel build --git "$url" --ref master "$@" || return
	[ -n "$(find "$XDG_CACHE_HOME/ktstr/kernels" -name "*git-$(echo "$id" | cut -c1-7)*")" ] || fail "no kernel of $url"
}

fresh() {
	rm -rf "${HOME:?}"
	mkdir "$HOME" || return
	SSH_LOG=$work/ssh.log
	export SSH_LOG
	rm -f ssh.log
}

# The key of a kernel whose name is known: only ssh can have it.
ssh_commands() {
	fresh
	cp "$base/ssh" ./own && cp own ssh && mkdir 'a b' && cp "$base/ssh" 'a b/ssh' || return
	GIT_SSH_COMMAND="$work/own -i key" builds "host:$served/linux" && has "$work/own" ssh.log && has key ssh.log && fresh &&
		GIT_SSH_COMMAND='./own -F "a b/conf"' builds "git@host:$served/linux" --force && has './own' ssh.log && has 'a b/conf' ssh.log &&
		has git@host ssh.log && fresh && GIT_SSH=./ssh builds "ssh://git@host:2222$served/linux" --force && has 2222 ssh.log && fresh &&
		GIT_SSH='a b/ssh' builds "host:$served/linux" --force && has 'a b/ssh' ssh.log && fresh &&
		configure core.sshCommand ./own && builds "host:$served/linux" --force && has ./own ssh.log && fresh &&
		configure core.sshCommand false && GIT_SSH_COMMAND=./own builds "host:$served/linux" --force && has ./own ssh.log
}

ssh_fails() {
	fresh
	printf '#!/bin/sh\necho chatter >&2\necho "Permission denied (publickey)." >&2\nexit 255\n' >deny
	chmod +x deny
	GIT_SSH_COMMAND=./deny exits 24 ktstr kernel build --git "host:$served/linux" --ref master &&
		has 'Permission denied (publickey).' err &&
		GIT_SSH=./none exits 23 ktstr kernel build --git "host:$served/linux" --ref master && has ./none err
}

# Nobody is asked: what an ssh would read from is not there.
no_terminal() {
	fresh
	printf '#!/bin/sh\n(: </dev/tty) 2>/dev/null && echo "there is one" >&2 || echo "there is no terminal" >&2\nexit 255\n' >asks
	chmod +x asks
	GIT_SSH=$work/asks exits 24 script -qec "ktstr-source remote-ref --store store --out r --url host:x --ref master" /dev/null &&
		has 'there is no terminal' out
}

aliases() {
	fresh
	configure "url.file://$served/.insteadOf" work: && configure "url.$https_url/.insteadOf" company:// &&
		configure http.sslCAInfo "$base/cert.pem" && builds work:linux && builds company://linux --force &&
		exits 2 ktstr kernel build --git other://linux --ref master && has 'no address of a git repository' err || return
	configure "url.ext::sh -c true #.insteadOf" evil: && exits 2 ktstr kernel build --git evil:x --ref master &&
		has "'ext' not allowed" err || return
	GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=url.$https_url/.insteadOf GIT_CONFIG_VALUE_0=env:// builds env://linux --force
}

# A helper of the user's, over https with an authority of the user's.
credential_helper() {
	fresh
	exits 24 ktstr kernel build --git "$https_url/linux" --ref master && has certificate err || return
	CURL_CA_BUNDLE=$base/cert.pem builds "$https_url/linux" && configure http.sslCAInfo "$base/cert.pem" &&
		exits 24 ktstr kernel build --force --git "$https_url/login/linux" --ref master && has 401 err && has .netrc err || return
	# shellcheck disable=SC2016 # for the script
	printf '#!/bin/sh\necho "$1" >>%s/helper.log\n[ "$1" != get ] || printf "username=user\\npassword=secret\\n"\n' "$work" >helper
	chmod +x helper
	configure credential.helper "$work/helper" && builds "$https_url/login/linux" --force && has get helper.log && hasnt secret err &&
		configure credential.helper '!./helper' && builds "$https_url/login/linux" --force &&
		builds "https://user@${https_url#https://}/login/linux" --force || return
	# A password in the address is used as it is, and no helper is asked or told.
	rm helper.log
	builds "https://user:secret@${https_url#https://}/login/linux" --force && [ ! -e helper.log ] &&
		exits 24 ktstr kernel build --force --git "https://user:wrong@${https_url#https://}/login/linux" --ref master &&
		hasnt wrong err && [ ! -e helper.log ]
}

# Command lines of all of its processes while a password is used, what is left on disk, and what is said.
passwords() {
	fresh
	configure http.sslCAInfo "$base/cert.pem"
	# A program in front of git's own, for each of them that git starts.
	mkdir bin || return
	for program in git git-remote-https git-remote-http; do
		# shellcheck disable=SC2016 # for the script
		printf '#!/bin/sh\necho "$0 $*" >>%s/seen\nexec "%s/%s" "$@"\n' "$work" "$(git --exec-path)" $program >bin/$program &&
			chmod +x bin/$program || return
	done
	GIT_EXEC_PATH=$work/bin PATH=$work/bin:$PATH KTSTR_GIT_URL="https://user:topsecret@${https_url#https://}/login/linux" \
		exits 24 ktstr kernel build --git "$https_url/login/linux" --ref master && hasnt topsecret err || return
	GIT_EXEC_PATH=$work/bin PATH=$work/bin:$PATH KTSTR_GIT_URL="https://user:secret@${https_url#https://}/login/linux" \
		builds "$https_url/login/linux" --force && has remote-https seen && has fetch seen || return
	! grep -c secret seen && hasnt secret err && ! grep -rIlq secret cache "$HOME"
}

# shellcheck disable=SC2119 # it takes no argument
serve || exit 1
run_tests ssh_commands ssh_fails no_terminal aliases credential_helper passwords
