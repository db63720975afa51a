/* fuzz_locate.c: any bytes in what --kernel PATH leads to. The first byte chooses: 'f', an image; 't', a build tree's release;
 * 'e', an entry's metadata. */
#include "place.h"

#include "kernel/name/kernel.h"
#include "kernel/name/locate.h"

#define META \
	"e{\"source\": \"git\", \"arch\": \"x86_64\", \"image_name\": \"bzImage\", \"built_at\": \"2026-01-02T03:04:05Z\", " \
	"\"version\": \"6.12\", \"vmlinux_name\": \"vmlinux\"}"

/* The beginning of a bzImage, as far as it is looked at. */
static void image(char head[1024])
{
	memset(head, 0, 1024);
	memcpy(head + 0x1fe, "\x55\xaa", 2);
	memcpy(head + 0x202, "HdrS\x0f\x02", 6);
	memcpy(head + 0x20e, "\x80\x00", 2);
	strcpy(head + 0x280, "6.12.1 (a@b) #1");
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char head[1 + 1024] = "f";

	(void)argc, (void)argv;
	place_make("fuzz-locate");
	close(place_folder("entry"));
	close(place_folder("tree"));
	close(place_folder("tree/include"));
	close(place_folder("tree/include/config"));
	image(head + 1);
	place_put("entry/bzImage", head + 1, 1024);
	place_put("entry/vmlinux", "x", 1);
	place_put("tree/bzImage", head + 1, 1024);
	fuzz_seed("image", head, sizeof(head));
	fuzz_seed("release", "t6.12.1-x\n", 10);
	fuzz_seed("entry", META, sizeof(META) - 1);
	return 0;
}

static void below(const char *path)
{
	MUST(!path || (!strncmp(path, place, strlen(place)) && !strstr(path, "/../")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct {
		unsigned char kind;
		const char *file, *named;
	} kinds[] = {
		{ 'f', "vmlinuz-6.12.1", "vmlinuz-6.12.1" },
		{ 't', "tree/include/config/kernel.release", "tree" },
		{ 'e', "entry/metadata.json", "entry" },
	};
	const struct kernel_host h = { .root = place, .release = "6.12.1", .machine = "x86_64" };

	for (size_t i = 0; n && i < countof(kinds); i++) {
		auto_kernel struct kernel k = { 0 };
		auto_free char *path = place_path(kinds[i].named);
		struct err e = { 0 };

		if (*data != kinds[i].kind)
			continue;
		place_put(kinds[i].file, data + 1, n - 1);
		if (kernel_locate(&k, path, &h, &e) < 0) {
			must_say_why(&e);
			continue;
		}
		MUST(k.arch && k.label && k.image && *k.name);
		for (const char *c = k.name; *c; c++)
			MUST(strchr("._+-", *c) || (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
			     (*c >= 'a' && *c <= 'z'));
		below(k.image);
		below(k.vmlinux);
		below(k.config);
	}
	return 0;
}
