/* version.h: which ktstr this is. */
#pragma once

extern const char *const ktstr_version; /* "0.3.2-c1" */
