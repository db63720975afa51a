/* table.c: the steps of ktstr-source, which need what no other step should load: libcurl, libgit2, OpenSSL. */
#include "step/step.h"
#include "step/steps.h"

#include <stddef.h>

const struct step *const steps[] = {
	&step_clone,      &step_kernel_build, &step_mrproper, &step_releases, &step_remote_get,
	&step_remote_put, &step_remote_ref,   &step_tarball,  &step_tree,     NULL,
};
