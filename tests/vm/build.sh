#!/bin/sh
# A source tree on the command line of verifier: built, booted, verified, and known the next time. Building a real kernel
# takes half an hour (tests/long/kernel-build.sh), so make of this tree only copies one.
. "$(dirname "$0")/../lib.sh"
key=$(XDG_CACHE_HOME=$O/test-cache sh "$root/tests/test-kernel.sh") || { echo "1..0 # SKIP no test kernel"; exit 1; }
kernel=$O/test-cache/ktstr/kernels/$key
sched=$O/sched/scx_ktstr
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# The tool beside a fragment that this kernel was configured with.
tool() {
	mkdir -p tool/out
	cp "$O/cargo-ktstr" "$O/ktstr-step" "$O/ktstr-source" "$O/ktstr-init" "$O/ktstr-idle.so" tool/out
	ln -s cargo-ktstr tool/out/ktstr
	ln -s "$root/rules" tool/rules
	printf 'CONFIG_SCHED_CLASS_EXT=y\nCONFIG_VIRTIO=y\n' >tool/ktstr.kconfig
	PATH=$work/tool/out:$PATH
}

tree() { # DIR
	sh "$root/tests/fake-linux.sh" "$1" 7.3.4
	sed -i -e "s|@awk -f .*|@cp $kernel/.config \$(KCONFIG_CONFIG)|" -e "s|@echo 'CONFIG_CC_VERSION_TEXT.*|@true|" "$1/Makefile"
	cat >"$1/local.mk" <<-END
		ifneq (\$(inside),)
		vmlinux: FORCE ; @cp $kernel/vmlinux \$@
		\$(image): vmlinux ; @mkdir -p \$(@D); cp $kernel/bzImage \$@
		endif
	END
	git -C "$1" init -q && git -C "$1" add -A && git -C "$1" -c user.name=a -c user.email=a@example.org commit -qm one
}

verify() {
	exits 0 timeout 900 ktstr verifier --scheduler-bin "$sched" --kernel ./linux && has ktstr_dispatch out
}

one_graph() {
	tool && tree linux && verify || return
	for step in 'build linux' 'cache entry linux' 'kernel local-' 'boot local-' 'verify scx_ktstr on local-'; do
		grep -q "^ *[0-9.]*s $step" err || fail "no step '$step'" || return
	done
	# The entry, from here on.
	verify && hasnt 'build linux' err && has 'cached  verify scx_ktstr on local-' err || return
	# A change that changes no byte of the image: built, not entered, not booted.
	echo '/* more */' >>linux/kernel/fork.c
	verify && grep -q '^ *[0-9.]*s build linux' err && hasnt 'cache entry' err && has '  cached  boot local-7.3.4-' err &&
		has '  cached  verify scx_ktstr on local-7.3.4-' err &&
		same 1 "$(find cache/ktstr/kernels/* -maxdepth 0 | wc -l)" entries || return
	# Nor is a dirty tree built twice.
	verify && has '  cached  build linux' err
}

run_tests one_graph
