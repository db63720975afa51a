/* steps.h: every step there is; the table.c of each program lists its own. */
#pragma once
struct step;

extern const struct step step_audit;
extern const struct step step_bootable;
extern const struct step step_cargo;
extern const struct step step_check_store;
extern const struct step step_clone;
extern const struct step step_flags;
extern const struct step step_initramfs;
extern const struct step step_judge;
extern const struct step step_kernel_build;
extern const struct step step_kernel_entry;
extern const struct step step_kernel_import;
extern const struct step step_mrproper;
extern const struct step step_payload;
extern const struct step step_probe;
extern const struct step step_releases;
extern const struct step step_remote_get;
extern const struct step step_remote_put;
extern const struct step step_remote_ref;
extern const struct step step_run;
extern const struct step step_run_here;
extern const struct step step_scenario;
extern const struct step step_shell;
extern const struct step step_snapshot;
extern const struct step step_tarball;
extern const struct step step_tree;
extern const struct step step_verify;
