#include "engine/trouble.h"
#include <stdio.h>

int trouble(struct trouble *t, int code, const char *format, ...)
{
	va_list args;

	t->code = code;
	va_start(args, format);
	vsnprintf(t->words, sizeof t->words, format, args);
	va_end(args);
	return -1;
}
