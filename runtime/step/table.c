/* table.c: the steps of ktstr-step. */
#include "step/step.h"
#include "step/steps.h"

#include <stddef.h>

const struct step *const steps[] = {
	&step_audit,        &step_bootable,      &step_cargo,   &step_check_store, &step_flags,  &step_initramfs,
	&step_kernel_entry, &step_kernel_import, &step_payload, &step_probe,       &step_run,    &step_run_here,
	&step_scenario,     &step_judge,         &step_shell,   &step_snapshot,    &step_verify, NULL,
};
