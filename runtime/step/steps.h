/* steps.h: every step there is; main.c lists them. */
#pragma once
struct step;

extern const struct step step_bootable;
extern const struct step step_initramfs;
extern const struct step step_kernel_build;
extern const struct step step_kernel_entry;
extern const struct step step_kernel_import;
extern const struct step step_payload;
extern const struct step step_probe;
extern const struct step step_snapshot;
extern const struct step step_verify;
