/* accel_kvm.c: a virtual machine of 64 KiB that does a little of what a kernel does first.
 *
 * The guest starts in long mode with a 2 MiB identity map, runs BMI instructions where the host has them (VEX-encoded,
 * which a KVM that emulates what it cannot run does not know), works through a loop of stores and loads, and tells
 * its result through a port. Everything else it may do counts as broken, and so does being slow: some hosts have a
 * /dev/kvm whose guests are interpreted, at a thousandth of a processor's speed. */
#include "host/accel_kvm.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

enum {
	MEM = 0x10000,
	PML4 = 0x1000,
	PDPT = 0x2000,
	PD = 0x3000,
	CODE = 0x4000,
	DATA = 0x8000,
	STACK = 0xf000,
	PORT = 0xf4,
	ROUNDS = 100000,
	SEED = 0x6b737472,
};

/* In the guest: rbx the checksum, ebp rounds, rdi a table of 256 words. Bytes with their listing beside them.
 *
 * First what compilers emit for -march=x86-64-v3 and the kernel's decompressors use. */
static const uint8_t bmi_code[] = {
	0xb9, 0x0d, 0x00, 0x00, 0x00, /*     mov   ecx, 13           */
	0xc4, 0xe2, 0xf1, 0xf7, 0xc3, /*     shlx  rax, rbx, rcx     */
	0x89, 0xda,                   /*     mov   edx, ebx          */
	0xc4, 0xe2, 0xf3, 0xf6, 0xf0, /*     mulx  rsi, rcx, rax     */
	0xc4, 0xe2, 0xe0, 0xf2, 0xc1, /*     andn  rax, rbx, rcx     */
	0x31, 0xc3,                   /*     xor   ebx, eax          */
	0x31, 0xf3,                   /*     xor   ebx, esi          */
};
/* Then a loop that takes a processor less than a millisecond and an interpreter seconds. */
static const uint8_t loop_code[] = {
	0x89, 0xe9,                         /*     mov   ecx, ebp          */
	0x89, 0xc8,                         /* 1:  mov   eax, ecx          */
	0x0f, 0xb6, 0xd1,                   /*     movzx edx, cl           */
	0x69, 0xc0, 0x65, 0x00, 0x01, 0x00, /*     imul  eax, eax, 0x10065 */
	0x89, 0x04, 0x97,                   /*     mov   [rdi+rdx*4], eax  */
	0x03, 0x1c, 0x97,                   /*     add   ebx, [rdi+rdx*4]  */
	0xc1, 0xc3, 0x07,                   /*     rol   ebx, 7            */
	0xff, 0xc9,                         /*     dec   ecx               */
	0x75, 0xe8,                         /*     jnz   1b                */
};
static const uint8_t end_code[] = {
	0x53,       /*     push  rbx               */
	0x58,       /*     pop   rax               */
	0xe7, PORT, /*     out   PORT, eax         */
	0xf4,       /*     hlt                     */
};

/* The same in C. */
static uint32_t expected(bool bmi)
{
	uint32_t table[256] = { 0 }, sum = SEED;

	if (bmi) {
		uint64_t shifted = (uint64_t)sum << 13;
		unsigned __int128 product = (unsigned __int128)sum * shifted;

		sum = sum ^ (uint32_t)(~(uint64_t)sum & (uint64_t)product) ^ (uint32_t)(product >> 64);
	}
	for (uint32_t i = ROUNDS; i; i--) {
		table[i & 255] = i * 0x10065u;
		sum += table[i & 255];
		sum = sum << 7 | sum >> 25;
	}
	return sum;
}

static bool host_has_bmi2(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_BMI) && (b & bit_BMI2);
}

struct probe {
	int kvm, vm, vcpu;
	uint8_t *mem;
	struct kvm_run *run;
	bool bmi;
	char *why;
	size_t max;
};

static bool no(struct probe *p, const char *what)
{
	snprintf(p->why, p->max, "%s: %s", what, strerror(errno));
	return false;
}

static void write_guest(struct probe *p)
{
	const uint64_t present_write = 3, large = 0x80;
	uint64_t entry;
	uint8_t *code = p->mem + CODE;

	entry = PDPT | present_write;
	memcpy(p->mem + PML4, &entry, sizeof(entry));
	entry = PD | present_write;
	memcpy(p->mem + PDPT, &entry, sizeof(entry));
	entry = present_write | large;
	memcpy(p->mem + PD, &entry, sizeof(entry));
	if (p->bmi) {
		memcpy(code, bmi_code, sizeof(bmi_code));
		code += sizeof(bmi_code);
	}
	memcpy(code, loop_code, sizeof(loop_code));
	code += sizeof(loop_code);
	memcpy(code, end_code, sizeof(end_code));
}

static bool make_vm(struct probe *p)
{
	p->vm = ioctl(p->kvm, KVM_CREATE_VM, 0);
	if (p->vm < 0)
		return no(p, "KVM_CREATE_VM");
	/* Processors without unrestricted guest mode want these three pages; others ignore the call. */
	(void)ioctl(p->vm, KVM_SET_TSS_ADDR, 0xfffbd000ul);
	p->mem = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p->mem == MAP_FAILED)
		return no(p, "memory");
	write_guest(p);
	struct kvm_userspace_memory_region slot = { .memory_size = MEM, .userspace_addr = (uintptr_t)p->mem };

	if (ioctl(p->vm, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return no(p, "KVM_SET_USER_MEMORY_REGION");
	return true;
}

static bool copy_cpuid(struct probe *p)
{
	enum { ENTRIES = 256 };
	auto_free struct kvm_cpuid2 *id = xcalloc(1, sizeof(*id) + ENTRIES * sizeof(id->entries[0]));

	id->nent = ENTRIES;
	if (ioctl(p->kvm, KVM_GET_SUPPORTED_CPUID, id) < 0)
		return no(p, "KVM_GET_SUPPORTED_CPUID");
	if (ioctl(p->vcpu, KVM_SET_CPUID2, id) < 0)
		return no(p, "KVM_SET_CPUID2");
	return true;
}

static bool set_registers(struct probe *p)
{
	struct kvm_sregs s;
	struct kvm_regs r = { .rip = CODE, .rsp = STACK, .rflags = 2, .rbx = SEED, .rbp = ROUNDS, .rdi = DATA };
	struct kvm_segment code = { .limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1 };
	struct kvm_segment data = { .limit = ~0u, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1 };

	if (ioctl(p->vcpu, KVM_GET_SREGS, &s) < 0)
		return no(p, "KVM_GET_SREGS");
	s.cs = code;
	s.ds = s.es = s.fs = s.gs = s.ss = data;
	s.cr3 = PML4;
	s.cr4 = 1u << 5;                           /* PAE */
	s.cr0 = 1u | 1u << 4 | 1u << 5 | 1u << 31; /* PE, ET, NE, PG */
	s.efer = 1u << 8 | 1u << 10;               /* LME, LMA */
	if (ioctl(p->vcpu, KVM_SET_SREGS, &s) < 0)
		return no(p, "KVM_SET_SREGS");
	if (ioctl(p->vcpu, KVM_SET_REGS, &r) < 0)
		return no(p, "KVM_SET_REGS");
	return true;
}

static bool make_vcpu(struct probe *p)
{
	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	if (p->vcpu < 0)
		return no(p, "KVM_CREATE_VCPU");
	int size = ioctl(p->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size < (int)sizeof(*p->run))
		return no(p, "KVM_GET_VCPU_MMAP_SIZE");
	p->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, p->vcpu, 0);
	if (p->run == MAP_FAILED)
		return no(p, "vCPU memory");
	return copy_cpuid(p) && set_registers(p);
}

static bool told_us(struct probe *p)
{
	const struct kvm_run *run = p->run;
	uint32_t got;

	if (run->io.direction != KVM_EXIT_IO_OUT || run->io.port != PORT || run->io.size != sizeof(got)) {
		snprintf(p->why, p->max, "the guest made an input or output it was not told to make");
		return false;
	}
	memcpy(&got, (const char *)run + run->io.data_offset, sizeof(got));
	if (got != expected(p->bmi)) {
		snprintf(p->why, p->max, "ordinary instructions give a wrong result (%#x, not %#x)", got,
			 expected(p->bmi));
		return false;
	}
	return true;
}

static bool run_guest(struct probe *p)
{
	while (ioctl(p->vcpu, KVM_RUN, 0) < 0)
		if (errno != EINTR)
			return no(p, "KVM_RUN");
	switch (p->run->exit_reason) {
	case KVM_EXIT_IO:
		return told_us(p);
	case KVM_EXIT_INTERNAL_ERROR:
		snprintf(p->why, p->max,
			 p->run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION
				 ? "emulation failure on an ordinary instruction"
				 : "internal error %u on ordinary instructions",
			 p->run->internal.suberror);
		return false;
	case KVM_EXIT_FAIL_ENTRY:
		snprintf(p->why, p->max, "the processor refuses to enter a guest (%#llx)",
			 (unsigned long long)p->run->fail_entry.hardware_entry_failure_reason);
		return false;
	case KVM_EXIT_SHUTDOWN:
		snprintf(p->why, p->max, "a guest shuts down on ordinary instructions");
		return false;
	default:
		snprintf(p->why, p->max, "a guest stops with exit reason %u on ordinary instructions",
			 p->run->exit_reason);
		return false;
	}
}

bool accel_kvm_runs(int kvm, char *why, size_t max)
{
	struct probe p = { .kvm = kvm, .vm = -1, .vcpu = -1, .bmi = host_has_bmi2(), .why = why, .max = max };

	return make_vm(&p) && make_vcpu(&p) && run_guest(&p);
}
