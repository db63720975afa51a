# make            build everything into out/
# make demo       install what is missing, build, get a kernel, verify a real scheduler in a VM
# make check      install what is missing, build, run all tests (SAN=1: with ASan and UBSan)
# make check-long the slow proofs
# make fuzz       FUZZ_SECONDS=20: feed nonsense to everything that parses; part of check-long
# make lint       clang-format, clang-tidy, shellcheck
# make bench      print the figures of docs/performance.md
# make bless      rewrite tests/golden from what the programs print now
# make install    PREFIX=/usr/local, DESTDIR=: programs, documents, man pages, completions; make uninstall
#
# V=1 shows commands. Building needs no network; setup (tests/setup.sh) does, once.

O       ?= out$(if $(SAN),-san)
# One spelling, because dependency files have it.
override O := $(patsubst $(CURDIR)/%,%,$(O))
CC      := gcc
CLANG   ?= clang-16
PREFIX  ?= /usr/local
Q       := $(if $(V),,@)
,       := ,
say      = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2);)

WARN    := -Wall -Wextra -Wshadow -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes -Wvla \
	   -Wno-format-nonliteral $(if $(CI),-Werror)
# gcc's two runtimes are linked in: as shared libraries they lose log_path=, by which tests/tap.pl gets their reports.
SANFLAGS := $(if $(SAN),-fsanitize=address$(,)undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
	    $(if $(findstring clang,$(CC)),,-static-libasan -static-libubsan))
CFLAGS  ?= -O2 -g
# Main programs and threads of ours fit in a stack of 128 KiB, however deep they are: no frame takes more than a sixth of it.
FRAME   := $(if $(SAN),,-Wframe-larger-than=20480)
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Iruntime -I. -MMD -MP $(WARN) $(FRAME) $(SANFLAGS) $(CFLAGS)
# libarchive and what it unpacks with are linked in: its shared form drags XML, ICU and C++ into every step's start.
LIBS    := -Wl,--as-needed -lbpf -lelf -Wl,-Bstatic -larchive -lxxhash -lzstd -llzma -lbz2 -llz4 -lfdt -Wl,-Bdynamic -lz -lsmartcols -lm
# SHA-256 alone, without what starts with the shared library. What has that anyhow, for libcurl, takes it from there.
SHA_LIB := -Wl,-Bstatic -lcrypto -Wl,-Bdynamic
FETCH_LIBS := -lcurl -lgit2 -lcrypto
# The guest is alone with its kernel: no sanitizer, no shared library, size before speed.
INIT_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Iruntime $(WARN) -Os -g0 -static -ffunction-sections -fdata-sections

ROOMS   := system base arch scenario scenario/text scenario/resolve engine/worker engine text progress process launch json qmp options topology clock host store letter kernel/image kernel/build kernel/cache kernel/name store/parcel tar guest vm attach inspect monitor verifier trial stats judge/facts judge/expect judge judge/own judge/report coverage test bundle remote
# The built-in scenarios, as a table in C.
CATALOGUE := $(O)/catalogue.c
LIB_SRC := $(filter-out runtime/engine/main.c,$(foreach r,$(ROOMS),$(wildcard runtime/$(r)/*.c))) $(CATALOGUE)
FETCH_SRC := $(wildcard runtime/fetch/*.c runtime/fetch/*/*.c)
STEP_SRC := $(wildcard runtime/step/*.c)
REMOTE_SRC := $(wildcard runtime/remote/helper/*.c)
FETCH_STEP_SRC := runtime/step/main.c runtime/step/frame.c $(wildcard runtime/step/fetch/*.c)
# The projects of `ktstr new`, likewise.
TEMPLATES := $(O)/templates.c
GEN_SRC := $(wildcard gen/*/*.c gen/*/*/*.c) $(TEMPLATES)
ENGINE_SRC := $(wildcard runtime/engine/*.c runtime/engine/*/*.c runtime/scenario/*.c runtime/scenario/*/*.c) runtime/arch/elf.c $(CATALOGUE)
INIT_SRC := $(wildcard runtime/guest/init/*.c runtime/guest/init/*/*.c) runtime/guest/proto.c
UNIT_SRC := $(wildcard tests/unit/*/test_*.c)

obj      = $(patsubst %.c,$(O)/obj/%.o,$(1))
LIB     := $(O)/obj/libktstr-host.a
FETCH   := $(O)/obj/libktstr-fetch.a
GEN     := $(O)/obj/libktstr-gen.a
FUZZERS := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/*.c))
UNITS   := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(UNIT_SRC))
# The init of guests of this machine's architecture, and of those there is a cross compiler for.
CROSS   := $(foreach a,$(filter-out $(shell uname -m),x86_64 aarch64),$(if $(shell command -v $(a)-linux-gnu-gcc),$(a)))
INITS   := $(O)/ktstr-init $(CROSS:%=$(O)/ktstr-init-%)
# What carries out scenarios, in guests and on hosts.
ENGINES := $(O)/ktstr-engine $(CROSS:%=$(O)/ktstr-engine-%)
# Preloaded into QEMU, beside whatever else is: no sanitizer.
IDLE    := $(O)/ktstr-idle.so
# For test programs: position-independent, without sanitizers, which are not the programs' business. All else in it is hidden.
TESTLIB_ROOMS := system base arch text process json options topology host scenario scenario/text scenario/resolve engine/worker verifier judge/facts judge/expect judge coverage
TESTLIB_SRC := $(foreach r,$(TESTLIB_ROOMS),$(wildcard runtime/$(r)/*.c)) $(CATALOGUE)
TESTLIB := $(O)/libktstr.a $(O)/libktstr.so.0 $(O)/libktstr.so
TESTLIB_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Iruntime -I. -MMD -MP $(WARN) -O2 -g -fPIC -fvisibility=hidden \
	-ffunction-sections -fdata-sections -DXXH_INLINE_ALL
PROGS   := $(TESTLIB) $(O)/cargo-ktstr $(O)/ktstr $(O)/ktstr-step $(O)/ktstr-source $(O)/ktstr-remote $(INITS) $(ENGINES) $(IDLE)

SCHED   := $(O)/sched/scx_ktstr
BUGS    := $(patsubst tests/sched/%.bpf.c,$(O)/sched/%,$(wildcard tests/sched/bugs/*.bpf.c))
BPF_CFLAGS = -target bpf -mcpu=v3 -g -O2 -Wall -Itests/sched -I$(LIBBPF)/include \
	     -isystem /usr/include/$(shell $(CC) -print-multiarch)
LIBBPF  := $(O)/deps/libbpf

# libFuzzer is clang's; its objects are kept apart, whatever the rest is built with.
FUZZ_LIB := $(O)/fuzz/obj/libktstr-host.a
FUZZ_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Iruntime -I. -MMD -MP $(WARN) -O1 -g -fno-omit-frame-pointer \
	      -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
SCRIPTS := runtime/test/man.sh gen/project/templates.sh $(wildcard tests/*.sh tests/cli/*.sh tests/vm/*.sh tests/long/*.sh) .ci/run

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all units sched sched-bugs sched-cross fuzzers check check-long demo setup fuzz lint bench bless install uninstall clean
all: $(PROGS)
units: $(UNITS) $(O)/tests/unit/vm/ktstr-idle.so
fuzzers: $(FUZZERS)

$(O)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(CATALOGUE): $(wildcard runtime/scenario/catalogue/*) runtime/scenario/catalogue.sh
	@mkdir -p $(@D)
	$(call say,GEN,$@)sh runtime/scenario/catalogue.sh >$@

$(TEMPLATES): gen/project/files gen/project/templates.sh $(shell sed -n 's/^[a-z].* //p' gen/project/files)
	@mkdir -p $(@D)
	$(call say,GEN,$@)sh gen/project/templates.sh >$@

$(LIB): $(call obj,$(LIB_SRC))
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(FETCH): $(call obj,$(FETCH_SRC))
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

$(GEN): $(call obj,$(GEN_SRC))
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^

# Of what fetches it takes only how git is run, which needs no library.
$(O)/cargo-ktstr: $(call obj,gen/main.c) $(GEN) $(FETCH) $(LIB)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS) $(SHA_LIB)
$(O)/ktstr: $(O)/cargo-ktstr
	$(Q)ln -f $< $@
$(O)/ktstr-step: $(call obj,$(STEP_SRC)) $(LIB)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS) $(SHA_LIB)
$(O)/ktstr-source: $(call obj,$(FETCH_STEP_SRC)) $(FETCH) $(LIB)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS) $(FETCH_LIBS)
$(O)/ktstr-remote: $(call obj,$(REMOTE_SRC) runtime/fetch/http/handle.c) $(LIB)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS) -lcurl -lcrypto
$(INITS): $(INIT_SRC) $(wildcard runtime/guest/init/*.h runtime/guest/init/*/*.h) runtime/guest/proto.h Makefile
	@mkdir -p $(@D)
	$(call say,GUEST,$@)$(INIT_CC) $(INIT_CFLAGS) -o $@ $(INIT_SRC) -Wl,--gc-sections -s
$(O)/ktstr-init: INIT_CC = $(CC)
$(O)/ktstr-init-%: INIT_CC = $(@:$(O)/ktstr-init-%=%)-linux-gnu-gcc
$(ENGINES): $(ENGINE_SRC) $(wildcard runtime/engine/*.h runtime/engine/*/*.h runtime/scenario/*.h runtime/scenario/*/*.h) runtime/arch/elf.h Makefile
	@mkdir -p $(@D)
	$(call say,GUEST,$@)$(INIT_CC) $(INIT_CFLAGS) -o $@ $(ENGINE_SRC) -Wl,--gc-sections -s
$(O)/ktstr-engine: INIT_CC = $(CC)
$(O)/ktstr-engine-%: INIT_CC = $(@:$(O)/ktstr-engine-%=%)-linux-gnu-gcc

$(IDLE): $(wildcard runtime/idle/*.[ch]) Makefile
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -std=gnu17 -D_GNU_SOURCE -Iruntime $(WARN) -O2 -fPIC -fvisibility=hidden -shared -o $@ $(filter %.c,$^)

$(O)/test/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(TESTLIB_CFLAGS) -c -o $@ $<
$(O)/test/obj/parts.a: $(patsubst %.c,$(O)/test/obj/%.o,$(TESTLIB_SRC))
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^
TESTLIB_OBJ := $(patsubst %.c,$(O)/test/obj/%.o,$(wildcard runtime/test/*.c))
$(O)/libktstr.so.0: $(TESTLIB_OBJ) $(O)/test/obj/parts.a runtime/test/libktstr.map
	$(call say,LINK,$@)$(CC) -shared -Wl,-soname,libktstr.so.0 -Wl,--version-script=runtime/test/libktstr.map \
		-Wl,--gc-sections -Wl,-z,defs -o $@ $(TESTLIB_OBJ) $(O)/test/obj/parts.a -Wl,--as-needed -lm
$(O)/libktstr.so: $(O)/libktstr.so.0
	$(Q)ln -sf $(<F) $@
# One object that has what belongs together, and no names but those of <ktstr.h>.
$(O)/libktstr.a: $(TESTLIB_OBJ) $(O)/test/obj/parts.a runtime/test/libktstr.map
	$(Q)sed -n 's/^\t\(ktstr_[a-z_]*\);$$/\1/p' runtime/test/libktstr.map >$(O)/test/names
	$(call say,AR,$@)$(CC) -r -nostdlib -Wl,--gc-sections $$(sed 's/^/-Wl,-u,/' $(O)/test/names) -o $(O)/test/libktstr.o \
		$(TESTLIB_OBJ) $(O)/test/obj/parts.a
	$(Q)objcopy --keep-global-symbols=$(O)/test/names $(O)/test/libktstr.o && rm -f $@ && $(AR) rcs $@ $(O)/test/libktstr.o

# Beside the tests that start a QEMU, or what they take for one.
$(O)/tests/unit/vm/ktstr-idle.so: $(IDLE)
	@mkdir -p $(@D)
	$(Q)ln -f $< $@

$(O)/obj/tests/unit/%.o: ALL_CFLAGS += -Itests/unit
$(O)/obj/tests/%.o: FRAME =
$(O)/tests/unit/%: $(O)/obj/tests/unit/%.o $(GEN) $(FETCH) $(LIB)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS) $(FETCH_LIBS) -lcmocka

$(O)/tests/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -o $@ $< $(LIB) $(LIBS) $(SHA_LIB)

$(O)/fuzz/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,FUZZ,$<)$(CLANG) $(FUZZ_CFLAGS) -c -o $@ $<
$(FUZZ_LIB): $(patsubst %.c,$(O)/fuzz/obj/%.o,$(LIB_SRC) $(FETCH_SRC) $(GEN_SRC))
	@rm -f $@
	$(call say,AR,$@)$(AR) rcs $@ $^
$(O)/fuzz/%: $(O)/fuzz/obj/tests/fuzz/%.o $(FUZZ_LIB)
	$(call say,LINK,$@)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS) $(FETCH_LIBS)

$(LIBBPF)/libbpf.a:
	$(Q)sh tests/fetch-libbpf.sh --dest $(abspath $(LIBBPF))
$(O)/sched/%.bpf.o: tests/sched/%.bpf.c $(wildcard tests/sched/*.h tests/sched/*/*.h) $(LIBBPF)/libbpf.a
	@mkdir -p $(@D)
	$(call say,BPF,$<)$(CLANG) $(BPF_CFLAGS) -c -o $@ $<
$(O)/sched/%.skel.h: $(O)/sched/%.bpf.o
	$(call say,SKEL,$@)PATH=$$PATH:/usr/sbin bpftool gen skeleton $< name $* 2>$@.log >$@ || { cat $@.log; exit 1; }
$(SCHED): tests/sched/scx_ktstr.c $(O)/sched/scx_ktstr.skel.h $(LIBBPF)/libbpf.a
	$(call say,SCHED,$@)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -I$(O)/sched -Itests/sched -I$(LIBBPF)/include \
		-o $@ $< $(LIBBPF)/libbpf.a -static -lelf -lz
sched: $(SCHED)
# Small schedulers with a bug each, for tests/long/bugs.sh: one loader, a skeleton for each.
$(O)/sched/bugs/%.skel.h: $(O)/sched/bugs/%.bpf.o
	$(call say,SKEL,$@)PATH=$$PATH:/usr/sbin bpftool gen skeleton $< name bug 2>$@.log >$@ || { cat $@.log; exit 1; }
$(BUGS): %: tests/sched/bugs/bug.c %.skel.h $(LIBBPF)/libbpf.a
	$(call say,SCHED,$@)$(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -DSKELETON='"$(@F).skel.h"' -I$(@D) -Itests/sched \
		-I$(LIBBPF)/include -o $@ $< $(LIBBPF)/libbpf.a -static -lelf -lz
sched-bugs: $(BUGS)
# For guests of another architecture. The BPF program is the same.
$(O)/deps/libbpf-aarch64/libbpf.a:
	$(Q)sh tests/fetch-libbpf.sh --dest $(abspath $(@D)) --arch arm64
$(SCHED)-aarch64: tests/sched/scx_ktstr.c $(O)/sched/scx_ktstr.skel.h $(O)/deps/libbpf-aarch64/libbpf.a
	$(call say,SCHED,$@)aarch64-linux-gnu-gcc -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -I$(O)/sched -Itests/sched \
		-I$(O)/deps/libbpf-aarch64/include -o $@ $< -static -L$(O)/deps/libbpf-aarch64 -lbpf -lelf -lz
sched-cross: $(CROSS:%=$(SCHED)-%)

setup:
	$(Q)sh tests/setup.sh
# Recursive so that what setup installs is there before anything is looked for.
demo: setup
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all sched
	$(Q)O=$(abspath $(O)) sh tests/demo.sh
check: setup
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all units sched
	$(Q)O=$(abspath $(O)) sh tests/check.sh
check-long:
	$(Q)sh tests/setup.sh --long
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all units sched sched-bugs sched-cross fuzzers
	$(Q)O=$(abspath $(O)) sh tests/check.sh long
fuzz: setup
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) fuzzers
	$(Q)O=$(abspath $(O)) perl tests/tap.pl -t 3000 -r $(abspath $(O))/fuzz/reports tests/long/fuzz.sh
lint: setup
	$(Q)sh tests/lint.sh
bench: setup
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all sched \
		$(O)/tests/bench/cell $(O)/tests/bench/collapse $(O)/tests/bench/rusage
	$(Q)O=$(abspath $(O)) sh tests/bench.sh
bless: all
	$(Q)for t in tests/cli/*.sh; do BLESS=1 O=$(abspath $(O)) sh $$t; done

DOC     := $(PREFIX)/share/doc/ktstr
MAN     := $(PREFIX)/share/man/man1
MAN3    := $(PREFIX)/share/man/man3
VERSION := $(shell sed -n 's/.*ktstr_version = "\(.*\)";/\1/p' runtime/base/version.c)
BASHC   := $(PREFIX)/share/bash-completion/completions
ZSHC    := $(PREFIX)/share/zsh/site-functions
FISHC   := $(PREFIX)/share/fish/vendor_completions.d
FISHD   := $(PREFIX)/share/fish/vendor_conf.d
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/ktstr/rules
	install -m 755 $(O)/cargo-ktstr $(DESTDIR)$(PREFIX)/bin/
	ln -sf cargo-ktstr $(DESTDIR)$(PREFIX)/bin/ktstr
	install -m 755 $(O)/ktstr-step $(O)/ktstr-source $(O)/ktstr-remote $(INITS) $(ENGINES) $(DESTDIR)$(PREFIX)/lib/ktstr/
	install -m 644 $(IDLE) ktstr.kconfig $(DESTDIR)$(PREFIX)/lib/ktstr/
	install -d $(addprefix $(DESTDIR),$(PREFIX)/include $(PREFIX)/lib/pkgconfig $(MAN3))
	install -m 644 runtime/test/ktstr.h runtime/test/ktstr.rs $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(O)/libktstr.a $(O)/libktstr.so.0 $(DESTDIR)$(PREFIX)/lib/
	ln -sf libktstr.so.0 $(DESTDIR)$(PREFIX)/lib/libktstr.so
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' runtime/test/libktstr.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/libktstr.pc
	sh runtime/test/man.sh $(VERSION) >$(DESTDIR)$(MAN3)/ktstr.3
	install -d $(DESTDIR)$(PREFIX)/lib/ktstr/completions $(DESTDIR)$(DOC)
	install -d $(DESTDIR)$(PREFIX)/lib/ktstr/cargo
	install -m 755 gen/cargo/shims/* $(DESTDIR)$(PREFIX)/lib/ktstr/cargo/
	install -m 644 gen/complete/scripts/* $(DESTDIR)$(PREFIX)/lib/ktstr/completions/
	install -m 644 README.md docs/*.md $(DESTDIR)$(DOC)/
	cp -RL docs/examples $(DESTDIR)$(DOC)/
	install -m 644 rules/*.ninja $(DESTDIR)$(PREFIX)/lib/ktstr/rules/
	install -d $(addprefix $(DESTDIR),$(MAN) $(BASHC) $(ZSHC) $(FISHC) $(FISHD))
	$(O)/ktstr man --all $(DESTDIR)$(MAN)
	$(O)/ktstr completions bash >$(DESTDIR)$(BASHC)/ktstr
	$(O)/cargo-ktstr completions bash >$(DESTDIR)$(BASHC)/cargo-ktstr
	$(O)/ktstr completions zsh >$(DESTDIR)$(ZSHC)/_ktstr
	$(O)/cargo-ktstr completions zsh >$(DESTDIR)$(ZSHC)/_cargo-ktstr
	$(O)/ktstr completions fish >$(DESTDIR)$(FISHC)/ktstr.fish
	$(O)/cargo-ktstr completions fish >$(DESTDIR)$(FISHD)/cargo-ktstr.fish

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/lib/ktstr $(DESTDIR)$(DOC)
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,include/ktstr.h include/ktstr.rs lib/libktstr.a lib/libktstr.so lib/libktstr.so.0 lib/pkgconfig/libktstr.pc) \
		$(DESTDIR)$(MAN3)/ktstr.3
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,ktstr cargo-ktstr) $(DESTDIR)$(MAN)/ktstr*.1 $(DESTDIR)$(MAN)/cargo-ktstr.1
	rm -f $(addprefix $(DESTDIR),$(BASHC)/ktstr $(BASHC)/cargo-ktstr $(ZSHC)/_ktstr $(ZSHC)/_cargo-ktstr \
		$(FISHC)/ktstr.fish $(FISHD)/cargo-ktstr.fish)

-include $(patsubst %.o,%.d,$(call obj,$(LIB_SRC) $(FETCH_SRC) $(STEP_SRC) $(FETCH_STEP_SRC) $(REMOTE_SRC) $(GEN_SRC) gen/main.c))
-include $(patsubst %.c,$(O)/test/obj/%.d,$(TESTLIB_SRC) $(wildcard runtime/test/*.c))
-include $(patsubst %.c,$(O)/obj/%.d,$(UNIT_SRC))
-include $(patsubst %.c,$(O)/fuzz/obj/%.d,$(LIB_SRC) $(FETCH_SRC) $(GEN_SRC) $(wildcard tests/fuzz/*.c))

clean:
	rm -rf $(O)
