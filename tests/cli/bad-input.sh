#!/bin/sh
# What comes in may be anything: each case has its message and its exit code, and leaves nothing behind.
. "$(dirname "$0")/../lib.sh"

# A kernel cache with one entry that looks right; nothing here gets as far as booting it.
fake_kernel() {
	KTSTR_CACHE_DIR=$work/kernels
	export KTSTR_CACHE_DIR
	mkdir -p "$KTSTR_CACHE_DIR/fake"
	echo 'no kernel at all' >"$KTSTR_CACHE_DIR/fake/bzImage"
	cat >"$KTSTR_CACHE_DIR/fake/metadata.json" <<-END
		{ "source": "tarball", "arch": "x86_64", "image_name": "bzImage", "built_at": "2026-01-01T00:00:00Z" }
	END
}

no_scheduler_file() {
	for verb in verifier 'run cgroup_steady' 'shell --exec true'; do
		# shellcheck disable=SC2086 # words
		exits 10 ktstr $verb --scheduler-bin missing && has 'missing' err &&
			exits 11 ktstr $verb --scheduler-bin "$work" && has 'not a regular file' err || return
	done
}

no_kernel() {
	KTSTR_KERNEL=6.99.2 exits 20 ktstr verifier --scheduler-bin /bin/true && has KTSTR_KERNEL err &&
		exits 20 ktstr verifier --scheduler-bin /bin/true --kernel 6.99.1 && has '6.99.1' err &&
		exits 10 ktstr verifier --scheduler-bin /bin/true --kernel ./nowhere && has 'nowhere' err
}

near_match() {
	fake_kernel
	exits 20 ktstr verifier --scheduler-bin /bin/true --kernel fakr && has "fake" err
}

damaged_kernel_entry() {
	fake_kernel
	mv "$KTSTR_CACHE_DIR/fake" "$KTSTR_CACHE_DIR/6.50.1-import"
	rm "$KTSTR_CACHE_DIR/6.50.1-import/bzImage"
	exits 20 ktstr verifier --scheduler-bin /bin/true --kernel 6.50.1 && has '6.50.1-import is damaged' err &&
		has 'bzImage' err && has 'import or build it again' err
}

text_as_scheduler() {
	fake_kernel
	echo 'just text' >text
	chmod +x text
	exits 11 ktstr verifier --scheduler-bin text --kernel fake && has 'text' err
}

script_as_scheduler() {
	fake_kernel
	printf '#!/bin/sh\ntrue\n' >script
	exits 11 ktstr verifier --scheduler-bin script --kernel fake
}

text_as_kernel() {
	fake_kernel
	exits 13 ktstr verifier --scheduler-bin /bin/true --kernel fake && has 'bzImage' err &&
		exits 13 ktstr verifier --scheduler-bin /bin/true --kernel "$KTSTR_CACHE_DIR/fake/bzImage"
}

cache_is_a_file() {
	: >file
	KTSTR_CACHE_DIR=$work/file exits 14 ktstr kernel list && has KTSTR_CACHE_DIR err &&
		KTSTR_CACHE_DIR=$work/file exits 14 ktstr kernel list --json && has '"error"' out
}

store_is_a_file() {
	fake_kernel
	: >file
	KTSTR_STORE=$work/file exits 14 ktstr verifier --scheduler-bin /bin/true --kernel fake && has 'KTSTR_STORE' err &&
		has "$work/file" err
}

store_below_a_file() {
	fake_kernel
	: >file
	KTSTR_STORE=$work/file/store exits 14 ktstr verifier --scheduler-bin /bin/true --kernel fake
}

no_ninja() {
	fake_kernel
	mkdir bin
	PATH=$work/bin exits 18 "$O/ktstr" verifier --scheduler-bin /bin/true --kernel fake && has 'ninja-build' err
}

truncated_deb() {
	printf '!<arch>\ndebian-binary   0  0  0  100644  4  `\n2.0\n' >half.deb
	exits 13 ktstr kernel import half.deb && has 'half.deb' err && [ -z "$(ls cache/ktstr/kernels 2>/dev/null)" ]
}

text_as_package() {
	echo 'no package' >x.deb
	exits 13 ktstr kernel import x.deb
}

no_regular_file() {
	fake_kernel
	mkfifo fifo
	exits 11 ktstr verifier --scheduler-bin fifo --kernel fake && has '"fifo"' err &&
		exits 11 ktstr verifier --scheduler-bin / --kernel fake && has '"/"' err
}

# shellcheck disable=SC2016 # names that must stay as they are
odd_names() {
	fake_kernel
	long=$(printf '%0255d' 0)
	cp /bin/true "$long" && mkdir 'a $(touch pwned) "b"' && cp /bin/true 'a $(touch pwned) "b"/c'\''d' || return
	exits 13 ktstr verifier --scheduler-bin "$long" --kernel fake && has bzImage err &&
		exits 13 ktstr verifier --scheduler-bin 'a $(touch pwned) "b"/c'\''d' --kernel fake && has bzImage err || return
	line=$(printf 'two\nlines')
	cp /bin/true "$line"
	exits 10 ktstr verifier --scheduler-bin "$line" --kernel fake && has 'two\nlines' err && has 'rename' err || return
	mkdir '$(touch pwned)'
	KTSTR_STORE='$(touch pwned)/"' exits 13 ktstr verifier --scheduler-bin /bin/true --kernel fake &&
		same '' "$(find . -name pwned)" 'commands run' || return
	ktstr kernel build --source '$(touch pwned)' >out 2>err
	same '' "$(find . -name pwned)" 'commands run'
}

json_in_any_case() {
	fake_kernel
	exits 10 ktstr verifier --json --scheduler-bin missing && has '"error": "scheduler binary \"missing\"' out &&
		exits 20 ktstr verifier --json --scheduler-bin /bin/true --kernel none && has '"error": ' out || return
	: >empty
	exits 11 ktstr verifier --json --scheduler-bin empty --kernel fake &&
		has "\"reason\": \"not run: scheduler empty: $work/empty is not an ELF file\"" out
}

too_many_arguments() {
	fake_kernel
	# shellcheck disable=SC2046 # one word each
	exits 2 ktstr verifier --scheduler-bin /bin/true --kernel fake -- $(seq 5000) && has 'too many' err &&
		exits 2 ktstr verifier --scheduler-bin /bin/true --kernel fake -- "$(printf '%0130000d' 1)" &&
		has 'too many' err
}

nobody_reads_it() {
	fake_kernel
	ktstr kernel list >/dev/full 2>err
	same 15 $? 'exit code' && has 'write the output' err && ktstr kernel list --json >/dev/full 2>err
	same 15 $? 'exit code'
}

nothing_is_left() {
	fake_kernel
	exits 13 ktstr verifier --scheduler-bin /bin/true --kernel fake
	same '' "$(ls cache/ktstr/store/drafts)" drafts && same '' "$(ls cache/ktstr/store/locks)" locks
}

run_tests no_scheduler_file no_kernel near_match damaged_kernel_entry text_as_scheduler script_as_scheduler text_as_kernel cache_is_a_file store_is_a_file \
	store_below_a_file no_ninja truncated_deb text_as_package no_regular_file odd_names json_in_any_case too_many_arguments nobody_reads_it nothing_is_left
