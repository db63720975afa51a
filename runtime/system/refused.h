/* refused.h: how a system call says that it may not, or cannot, be had here.
 *
 * ENOSYS, EINVAL, EOPNOTSUPP, EPERM or EACCES: seccomp profiles answer with the first or one of the last two, old kernels and file
 * systems with the others. */
#pragma once
#include <stdbool.h>

bool syscall_refused(int no);
