/* fake_kernel.h: the smallest bytes that pass for a kernel, and packages around them. */
#pragma once
#include "base/mem.h"
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct bytes {
	char *p;
	size_t n;
};

/* An ELF kernel of 16 KiB: one segment, .text with the banner, .BTF with two names. */
static inline struct bytes fake_elf(const char *release, const char *type_name, uint16_t machine)
{
	static const char names[] = "\0.text\0.BTF\0.shstrtab";
	enum { SIZE = 16 << 10, TEXT = 0x1000, BTF = 0x2000, NAMES = 0x2800, HEADERS = 0x3000 };
	char *d = xcalloc(1, SIZE);
	Elf64_Ehdr h = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_entry = 0x1000000,
		.e_phoff = sizeof(h),
		.e_shoff = HEADERS,
		.e_ehsize = sizeof(h),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = 4,
		.e_shstrndx = 3,
	};
	Elf64_Phdr load = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = TEXT,
		.p_vaddr = 0x1000000,
		.p_paddr = 0x1000000,
		.p_filesz = 0x1800,
		.p_memsz = 0x1800,
		.p_align = 0x1000,
	};
	Elf64_Shdr s[4] = {
		{ 0 },
		{ .sh_name = 1,
		  .sh_type = SHT_PROGBITS,
		  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		  .sh_addr = 0x1000000,
		  .sh_offset = TEXT,
		  .sh_size = 0x1000,
		  .sh_addralign = 16 },
		{ .sh_name = 7,
		  .sh_type = SHT_PROGBITS,
		  .sh_flags = SHF_ALLOC,
		  .sh_addr = 0x1001000,
		  .sh_offset = BTF,
		  .sh_size = 64,
		  .sh_addralign = 1 },
		{ .sh_name = 12,
		  .sh_type = SHT_STRTAB,
		  .sh_offset = NAMES,
		  .sh_size = sizeof(names),
		  .sh_addralign = 1 },
	};

	memcpy(d, &h, sizeof(h));
	memcpy(d + sizeof(h), &load, sizeof(load));
	snprintf(d + TEXT, 256, "Linux version %s (nobody)", release);
	snprintf(d + BTF + 1, 62, "%s", type_name);
	memcpy(d + NAMES, names, sizeof(names));
	memcpy(d + HEADERS, s, sizeof(s));
	return (struct bytes){ d, SIZE };
}

/* A bzImage with the ELF kernel uncompressed inside. */
static inline struct bytes fake_bzimage(const char *release, struct bytes elf)
{
	enum { SETUP = 1024, NAME = 0x300 };
	char *d = xcalloc(1, SETUP + elf.n);
	uint32_t length = (uint32_t)elf.n;

	d[0x1f1] = 1;
	memcpy(d + 0x1fe, "\x55\xaa", 2);
	memcpy(d + 0x202, "HdrS", 4);
	memcpy(d + 0x206, "\x0f\x02", 2);
	d[0x20e] = (char)((NAME - 0x200) & 0xff);
	d[0x20f] = (NAME - 0x200) >> 8;
	memcpy(d + 0x24c, &length, sizeof(length));
	snprintf(d + NAME, 128, "%s (nobody@nowhere)", release);
	memcpy(d + SETUP, elf.p, elf.n);
	return (struct bytes){ d, SETUP + elf.n };
}

struct member {
	const char *path;
	struct bytes data;
};

static inline void pad(FILE *f, size_t to)
{
	while ((size_t)ftell(f) % to)
		fputc(0, f);
}

static inline void tar_member(FILE *f, const struct member *m)
{
	char h[512] = { 0 };
	unsigned sum = 0;

	snprintf(h, 100, "%s", m->path);
	memcpy(h + 100, "0000644", 8);
	memcpy(h + 108, "0000000", 8);
	memcpy(h + 116, "0000000", 8);
	snprintf(h + 124, 12, "%011zo", m->data.n);
	memcpy(h + 136, "00000000000", 12);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 7, "%06o", sum);
	fwrite(h, 1, sizeof(h), f);
	fwrite(m->data.p, 1, m->data.n, f);
	pad(f, 512);
}

static inline void ar_member(FILE *f, const char *name, struct bytes data)
{
	fprintf(f, "%-16s%-12d%-6d%-6d%-8s%-10zu`\n", name, 0, 0, 0, "100644", data.n);
	fwrite(data.p, 1, data.n, f);
	if (data.n % 2)
		fputc('\n', f);
}

/* Members up to one without a path. */
static inline struct bytes fake_tar(const struct member *m)
{
	struct bytes tar = { 0 };
	FILE *f = xmemstream(&tar.p, &tar.n);

	for (; m->path; m++)
		tar_member(f, m);
	for (int i = 0; i < 1024; i++)
		fputc(0, f);
	fclose(f);
	return tar;
}

static inline struct bytes fake_deb(const struct member *m)
{
	struct bytes tar = fake_tar(m), deb = { 0 };
	FILE *f = xmemstream(&deb.p, &deb.n);

	fputs("!<arch>\n", f);
	ar_member(f, "debian-binary", (struct bytes){ (char *)"2.0\n", 4 });
	ar_member(f, "control.tar", (struct bytes){ (char *)"", 0 });
	ar_member(f, "data.tar", tar);
	fclose(f);
	free(tar.p);
	return deb;
}

static inline void cpio_member(FILE *f, const char *path, struct bytes data, unsigned mode)
{
	fprintf(f, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, mode, 0, 0, 1, 0, data.n, 0, 0, 0,
		0, strlen(path) + 1, 0);
	fputs(path, f);
	fputc(0, f);
	pad(f, 4);
	fwrite(data.p, 1, data.n, f);
	pad(f, 4);
}

/* A lead, two empty headers, a cpio archive that is not compressed. */
static inline struct bytes fake_rpm(const struct member *m)
{
	static const char lead[96] = "\xed\xab\xee\xdb\x03\x00\x00\x00\x00\x01kernel-core";
	static const char header[16] = "\x8e\xad\xe8\x01";
	struct bytes cpio = { 0 }, rpm = { 0 };
	FILE *f = xmemstream(&cpio.p, &cpio.n);

	for (; m->path; m++)
		cpio_member(f, m->path, m->data, 0100644);
	cpio_member(f, "TRAILER!!!", (struct bytes){ (char *)"", 0 }, 0);
	fclose(f);
	f = xmemstream(&rpm.p, &rpm.n);
	fwrite(lead, 1, sizeof(lead), f);
	fwrite(header, 1, sizeof(header), f);
	fwrite(header, 1, sizeof(header), f);
	fwrite(cpio.p, 1, cpio.n, f);
	fclose(f);
	free(cpio.p);
	return rpm;
}
