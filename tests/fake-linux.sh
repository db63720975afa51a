#!/bin/sh
# fake-linux.sh DIR [VERSION]: a kernel source tree of ten files that real make builds in well under a second.
#
# It understands what kernel builds are asked for: defconfig, olddefconfig, bzImage or Image, compile_commands.json,
# mrproper; O=, ARCH=, CROSS_COMPILE=, LLVM=, CC=, KCONFIG_CONFIG=, KCFLAGS=, KCPPFLAGS=. As Linux does, it refuses O= when
# the tree itself is configured, and include/ of the tree comes before include/ of the build folder. The image is a bzImage
# with an ELF kernel inside that cannot boot.
#
# Handles for tests: options named in the file "lost" do not survive olddefconfig; the file "local.mk" is read last.
set -eu
dir=$1
version=${2-6.99.1}

rest=${version%%-*}
extra=
case $version in *-*) extra=-${version#*-} ;; esac
major=${rest%%.*}
minor=${rest#*.}
patch=0
case $minor in *.*) patch=${minor#*.} minor=${minor%%.*} ;; esac

mkdir -p "$dir"
cd "$dir"
mkdir -p arch/x86/boot arch/x86/configs arch/arm64/boot include/linux init kernel scripts
printf 'VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = %s\nEXTRAVERSION = %s\n' "$major" "$minor" "$patch" "$extra" >Makefile
cat >>Makefile <<'EOF_MAKEFILE'
NAME = Tiny Test

MAKEFLAGS += -rR --no-print-directory
ifneq ($(origin O),command line)
O :=
endif
ARCH ?= x86
CC = $(CROSS_COMPILE)gcc
LD = $(CROSS_COMPILE)ld
OBJCOPY = $(CROSS_COMPILE)objcopy
ifneq ($(LLVM),)
ifneq ($(filter %/,$(LLVM)),)
LLVM_PREFIX := $(LLVM)
else ifneq ($(filter -%,$(LLVM)),)
LLVM_SUFFIX := $(LLVM)
endif
CC = $(LLVM_PREFIX)clang$(LLVM_SUFFIX)
LD = $(LLVM_PREFIX)ld.lld$(LLVM_SUFFIX)
OBJCOPY = $(LLVM_PREFIX)llvm-objcopy$(LLVM_SUFFIX)
CLANG_TARGET = --target=$(if $(filter arm64,$(ARCH)),aarch64,x86_64)-linux-gnu
endif
srcarch := $(if $(filter x86_64,$(ARCH)),x86,$(ARCH))
image := arch/$(srcarch)/boot/$(if $(filter arm64,$(ARCH)),Image,bzImage)
release := $(VERSION).$(PATCHLEVEL).$(SUBLEVEL)$(EXTRAVERSION)$(LOCALVERSION)
goals := defconfig olddefconfig bzImage Image compile_commands.json mrproper
KCONFIG_CONFIG ?= .config

ifeq ($(inside),)
.PHONY: all $(goals)
here := $(CURDIR)
out := $(if $(O),$(O),$(here))
tree := $(if $(O),$(if $(filter $(here)/,$(dir $(O))),..,$(here)),.)
all: bzImage
$(goals):
ifneq ($(O),)
	@if [ -f .config ] || [ -d include/config ] || [ -d arch/$(srcarch)/include/generated ]; then \
		echo '***'; echo "*** The source tree is not clean, please run 'make mrproper'"; \
		echo "*** in $(here)"; echo '***'; exit 1; fi
endif
	+@mkdir -p $(out) && $(MAKE) -C $(out) -f $(tree)/Makefile inside=1 srctree=$(tree) $@
else
VPATH := $(srctree)
objects := init/version.o kernel/fork.o kernel/exit.o
flags = $(CLANG_TARGET) $(KCPPFLAGS) -g -O1 -ffreestanding -fno-pic -fno-stack-protector -I$(srctree)/include -Iinclude \
	-include generated/autoconf.h

.PHONY: $(goals) FORCE
defconfig:
	@cat $(srctree)/arch/$(srcarch)/configs/defconfig >$(KCONFIG_CONFIG)
	@echo "*** Default configuration is based on 'defconfig'"
olddefconfig:
	@touch $(KCONFIG_CONFIG)
	@cp $(KCONFIG_CONFIG) $(KCONFIG_CONFIG).old
	@awk -f $(srctree)/scripts/conf.awk $(wildcard $(srctree)/lost) $(KCONFIG_CONFIG).old >$(KCONFIG_CONFIG)
	@echo 'CONFIG_CC_VERSION_TEXT="$(shell $(CC) --version | head -n 1)"' >>$(KCONFIG_CONFIG)

include/generated/autoconf.h: $(KCONFIG_CONFIG)
	@echo '  SYNC    include/config/auto.conf'
	@mkdir -p include/config include/generated arch/$(srcarch)/include/generated
	@cp $< include/config/auto.conf
	@sed -n 's/^CONFIG_\([A-Z0-9_a-z]*\)=y$$/#define CONFIG_\1 1/p; s/^CONFIG_\([A-Z0-9_a-z]*\)=\([0-9].*\)$$/#define CONFIG_\1 \2/p' \
		$< >$@.new && mv $@.new $@
include/config/kernel.release: include/generated/autoconf.h FORCE
	@echo '$(release)' >$@.new; cmp -s $@.new $@ || mv $@.new $@
include/generated/utsrelease.h: include/config/kernel.release
	@echo '#define UTS_RELEASE "'"$$(cat $<)"'"' >$@

$(objects): %.o: %.c include/generated/utsrelease.h
	@mkdir -p $(@D)
	@echo '  CC      $@'
	@$(CC) $(flags) $(KCFLAGS) -c -o $@ $<
vmlinux: $(objects)
	@echo '  LD      $@'
	@$(LD) -e start_kernel -o $@ $(objects)
$(image): vmlinux arch/$(srcarch)/boot/header.S
	@mkdir -p $(@D)
	@echo '  AS      $(@D)/header.o'
	@$(OBJCOPY) --strip-debug vmlinux $(@D)/vmlinux.bin
	@$(CC) $(flags) -include generated/utsrelease.h -Wa,-I$(@D) -c -o $(@D)/header.o $(filter %.S,$^)
	@$(OBJCOPY) -O binary -j .text $(@D)/header.o $@
	@echo 'Kernel: $@ is ready  (#1)'
bzImage Image: $(image)
compile_commands.json: vmlinux
	@echo '  GEN     $@'
	@{ echo '['; for o in $(objects); do echo "{ \"command\": \"$(CC) -c -o $$o $(srctree)/$${o%.o}.c\"," \
		"\"directory\": \"$(CURDIR)\", \"file\": \"$(srctree)/$${o%.o}.c\" }$$([ $$o = kernel/exit.o ] || echo ,)"; \
		done; echo ']'; } >$@
mrproper:
	@echo '  CLEAN   .'
	@rm -rf .config .config.old include/config include/generated arch/*/include vmlinux $(objects) $(image) \
		arch/*/boot/*.o arch/*/boot/vmlinux.bin compile_commands.json
endif
-include $(srctree)/local.mk
EOF_MAKEFILE

cat >scripts/conf.awk <<'EOF_AWK'
# The last setting of an option counts; those of the file "lost" are forgotten.
FILENAME ~ /lost$/ { lost[$1]; next }
{ name = "" }
/^CONFIG_/ { name = $0; sub(/=.*/, "", name) }
/^# CONFIG_[A-Za-z0-9_]* is not set$/ { name = $2 }
name == "" || name in lost || name == "CONFIG_CC_VERSION_TEXT" { next }
{ if (!(name in value)) order[++n] = name; value[name] = $0 }
END { for (i = 1; i <= n; i++) print value[order[i]] }
EOF_AWK
printf 'CONFIG_64BIT=y\nCONFIG_HZ=250\n# CONFIG_WERROR is not set\n' >arch/x86/configs/defconfig
mkdir -p arch/arm64/configs && cp arch/x86/configs/defconfig arch/arm64/configs/defconfig
echo 'mainmenu "Tiny Test"' >Kconfig
echo '# x86' >arch/x86/Kconfig
echo '# arm64' >arch/arm64/Kconfig
echo 'long kernel_fork(long);' >include/linux/sched.h
cat >init/version.c <<'EOF_C'
#include <generated/utsrelease.h>
#include <linux/sched.h>
const char linux_banner[] = "Linux version " UTS_RELEASE " (ktstr@ktstr) " __FILE__ "\n";
long start_kernel(void);
long start_kernel(void)
{
	return kernel_fork((long)linux_banner);
}
EOF_C
printf '#include <linux/sched.h>\nlong kernel_fork(long x)\n{\n\treturn x + CONFIG_HZ;\n}\n' >kernel/fork.c
printf 'long kernel_exit(long x);\nlong kernel_exit(long x)\n{\n\treturn -x;\n}\n' >kernel/exit.c
cat >arch/x86/boot/header.S <<'EOF_S'
	.org 0x1f1
	.byte 1
	.org 0x1fe
	.word 0xaa55
	.org 0x202
	.ascii "HdrS"
	.word 0x20f
	.org 0x20e
	.word name - 0x200
	.org 0x248
	.long 0, payload_end - payload
	.org 0x300
name:	.ascii UTS_RELEASE
	.asciz " (ktstr@ktstr)"
	.org 0x400
payload: .incbin "vmlinux.bin"
payload_end:
EOF_S
cat >arch/arm64/boot/header.S <<'EOF_S'
	.org 56
	.ascii "ARM\x64"
	.org 64
	.incbin "vmlinux.bin"
EOF_S
cat >.gitignore <<'EOF_IGNORE'
.*
!.gitignore
*.o
*.json
/vmlinux
/include/config/
/include/generated/
/arch/*/include/generated/
/arch/*/boot/*Image
/arch/*/boot/vmlinux.bin
EOF_IGNORE
