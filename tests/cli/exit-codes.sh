#!/bin/sh
# Every exit code of docs/exit-codes.md, one by one: provoked here, or named with the test that needs a guest for it.
. "$(dirname "$0")/../lib.sh"

# The tests that provoke a code: in a guest by "exits CODE", by the code's name where the results are made up.
others() { # CODE
	name=$(sed -n "s/^\t\(X_[A-Z_]*\) = $1,.*/\1/p" "$root/runtime/base/err.h")
	(cd "$root" && grep -lE "exits $1 |[^A-Z_]$name\b" tests/vm/*.sh tests/unit/*/*.c)
}

# ends CODE WORD…: with that code and one error that says something, or none for 0.
ends() {
	wanted=$1
	exits "$@" || return
	case $wanted in
	0 | 130) ;;
	*) same 1 "$(grep -c '^error: ' err)" 'errors' ;;
	esac
	echo "$wanted" >>"$base/done"
}

# A tree, and a list of releases with one tarball.
place() {
	sh "$root/tests/fake-linux.sh" linux 6.12.5 || return
	mkdir -p site/v6.x && tar -cJf site/v6.x/linux-6.12.5.tar.xz --transform 's/^linux/linux-6.12.5/' linux &&
		(cd site/v6.x && sha256sum linux-6.12.5.tar.xz >sha256sums.asc) || return
	KTSTR_KERNEL_MIRROR=file://$work/site KTSTR_RELEASES_URL=file://$work/nowhere KTSTR_CCACHE=0
	export KTSTR_KERNEL_MIRROR KTSTR_RELEASES_URL KTSTR_CCACHE
}

done_and_wrong() {
	ends 0 ktstr --version && ends 2 ktstr nonsense && ends 2 ktstr kernel list --nonsense && ends 2 ktstr verifier || return
	# A binary without its parts.
	mkdir alone && cp "$O/cargo-ktstr" alone/ktstr && ends 1 alone/ktstr kernel import x && has 'make' err
}

input() {
	ends 10 ktstr verifier --scheduler-bin nowhere && echo text >text || return
	mkdir -p cache/ktstr/kernels/fake && echo none >cache/ktstr/kernels/fake/bzImage || return
	echo '{ "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z" }' \
		>cache/ktstr/kernels/fake/metadata.json
	ends 11 ktstr verifier --scheduler-bin text --kernel fake && ends 13 ktstr verifier --scheduler-bin /bin/true --kernel fake &&
		ends 20 ktstr verifier --scheduler-bin /bin/true --kernel 6.99.1 || return
	ends 18 env PATH=/nowhere "$O/ktstr" verifier --scheduler-bin "$work/text" --kernel fake
}

places() {
	: >file
	ends 14 env KTSTR_CACHE_DIR="$work/file" ktstr kernel list || return
	ktstr --help >/dev/full 2>err
	same 15 $? 'exit code' && has 'error: ' err && echo 15 >>"$base/done"
}

building() {
	place || return
	echo CONFIG_SCHED_CLASS_EXT >linux/lost && ends 21 ktstr kernel build --source linux && rm linux/lost || return
	echo '#error broken' >>linux/kernel/fork.c && ends 22 ktstr kernel build --source linux || return
	ends 23 env CARGO=/nowhere ktstr test && ends 24 ktstr kernel build 6.12 || return
	# Without sched_ext it is a kernel all the same, but none for us.
	printf '# a configuration\nCONFIG_SMP=y\n' >config && exits 0 ktstr kernel build 6.12.5 || return
	cp "$(find cache/ktstr/kernels -name bzImage -o -name Image | head -n 1)" . && ends 12 ktstr kernel import bzImage config || return
	rm -rf cache
	sed -i "s/^[0-9a-f]*/$(printf %064d 0)/" site/v6.x/sha256sums.asc && ends 25 ktstr kernel build 6.12.5 || return
	(cd site/v6.x && head -c 2000 linux-6.12.5.tar.xz >half && mv half linux-6.12.5.tar.xz &&
		sha256sum linux-6.12.5.tar.xz >sha256sums.asc) && ends 26 ktstr kernel build 6.12.5
}

launched() {
	place && ends 34 ktstr kernel build --source linux --launcher true
}

interrupted() {
	mkdir bin && printf '#!/bin/sh\necho >%s/began; exec sleep 600\n' "$work" >bin/gcc && chmod +x bin/gcc && place || return
	PATH=$work/bin:$PATH ktstr kernel build --source linux >out 2>err &
	pid=$!
	within 60 test -e began && kill -TERM $pid && wait $pid
	same 130 $? 'exit code' && has 'error: ' err && has SIGTERM err && same '' "$(leftovers)" processes && echo 130 >>"$base/done"
}

# A step that was killed has failed, whatever came of others; the next run makes what it did not.
# shellcheck disable=SC2016 # the compiler's own
killed_steps() {
	place && (cd site/v6.x && head -c 1000 linux-6.12.5.tar.xz >linux-6.12.6.tar.xz && sha256sum linux-6.12.?.tar.xz >sha256sums.asc) ||
		return
	mkdir bin && printf '#!/bin/sh\n[ "$(cat /proc/$PPID/comm)" != ktstr-source ] || kill -9 $PPID\nexec %s "$@"\n' "$(command -v gcc)" \
		>bin/gcc && chmod +x bin/gcc || return
	for more in '' 6.12.6; do
		# shellcheck disable=SC2086 # a version or none
		exits 1 env "PATH=$work/bin:$PATH" ktstr kernel build 6.12.5 $more && has '  failed  build 6.12.5' err &&
			has 'build 6.12.5: its process ended without a word' err && hasnt 'cached  build' err && hasnt 'ninja: exit' err || return
	done
	has 'source 6.12.6: ' err && exits 0 ktstr kernel build 6.12.5
}

# A stop that came before anything else did: each verb that may take long looks for it in its own work.
stopped() {
	cat >stopped.py <<-'END'
		import os, signal, sys
		signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
		os.kill(os.getpid(), signal.SIGTERM)
		os.execvp("ktstr", sys.argv[1:])
	END
	place && mkdir -p many/d && echo 0 >many/d/a.ktstr.json && cp many/d/a.ktstr.json many/ && cp /bin/true image || return
	for words in 'test-stats --dir many' 'test-stats --dir linux --compare many' 'cache verify' 'cache stats' 'cache gc --max-size 1M' \
		'kernel import image' 'kernel build --source linux' 'shell --kernel none -i many --exec true' doctor; do
		# shellcheck disable=SC2086 # words of a command line
		exits 130 python3 stopped.py ktstr $words && has 'interrupted by SIGTERM' err && same '' "$(cat out)" "stdout of $words" || return
	done
	same '' "$(leftovers)" processes
}

all_of_them() {
	sed -n 's/^| \([0-9][0-9]*\) |.*/\1/p' "$root/docs/exit-codes.md" >wanted
	while read -r code; do
		grep -qx "$code" "$base/done" && continue
		others "$code" >files || fail "nothing provokes $code" || return
		echo "# $code: $(tr '\n' ' ' <files)" >&3
	done <wanted
	[ -s wanted ]
}

exec 3>&1
run_tests done_and_wrong input places building launched interrupted killed_steps stopped all_of_them
