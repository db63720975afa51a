/* home.h: where the tool's own parts are, in the build tree ("out/ktstr-step", "rules/") or installed below
 * {prefix}/lib/ktstr. */
#pragma once
struct arch;
struct err;

struct home {
	char *step;     /* ktstr-step */
	char *source;   /* ktstr-source: the steps that fetch and build kernel sources */
	char *init;     /* ktstr-init for guests of this machine's architecture */
	char *idle;     /* ktstr-idle.so, for QEMUs whose time is virtual */
	char *rules;    /* folder of *.ninja */
	char *fragment; /* ktstr.kconfig */
};

/* The folder of the scripts for shells. Caller frees. */
char *home_scripts(struct err *e);
/* The folder of what stands between cargo and its subcommands (gen/cargo/shims). Caller frees. */
char *home_cargo(struct err *e);
int home_find(struct home *h, struct err *e);
/* ktstr-init, or ktstr-init-aarch64 beside it, which may be missing. Caller frees. */
char *home_init(const struct home *h, const struct arch *a);
/* ktstr-engine, or ktstr-engine-aarch64, beside it: X_NO_TOOL when it was not built. Caller frees. */
char *home_engine(const struct home *h, const struct arch *a, struct err *e);
/* The same path, whether it is there or not. */
char *home_engine_path(const struct home *h, const struct arch *a);
/* A static busybox for guests of that architecture: X_NO_TOOL with where it may lie. Caller frees. */
char *home_busybox(const struct home *h, const struct arch *a, struct err *e);
/* CRC-32 of ktstr.kconfig, for stale marks: hex[9]. */
int home_kconfig_hash(const struct home *h, char *hex, struct err *e);
void home_free(struct home *h);
#define auto_home __attribute__((unused, cleanup(home_free)))
