#include "base/version.h"

const char *const ktstr_version = "0.3.2-c1";
