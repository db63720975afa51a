#include "system/refused.h"

#include <errno.h>

bool syscall_refused(int no)
{
	return no == ENOSYS || no == EINVAL || no == EOPNOTSUPP || no == EPERM || no == EACCES;
}
