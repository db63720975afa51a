/* crash.c: last words. Whatever happens to PID 1 ends in a reset, which QEMU's -no-reboot turns into its own end. */
#include "guest/init/base/crash.h"
#include "guest/init/base/port.h"
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/reboot.h>
#include <unistd.h>

static void speak(const char *fmt, va_list ap)
{
	char text[900], line[1024];
	int n;

	vsnprintf(text, sizeof text, fmt, ap);
	n = snprintf(line, sizeof line, "ktstr-init: %s\n", text);
	(void)!write(STDERR_FILENO, line, (size_t)n); /* there is nobody else to tell */
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	speak(fmt, ap);
	va_end(ap);
}

/* Reset, not power off: a microvm without ACPI cannot power off and would halt for ever. */
void machine_end(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

void die(const char *fmt, ...)
{
	static bool dying;
	char text[900];
	va_list ap;

	va_start(ap, fmt);
	speak(fmt, ap);
	va_end(ap);
	if (!dying) {
		dying = true;
		va_start(ap, fmt);
		vsnprintf(text, sizeof text, fmt, ap);
		va_end(ap);
		port_failed("ktstr-init: %s", text);
		port_flush(1000);
	}
	machine_end();
}

static void on_fault(int sig, siginfo_t *info, void *ctx)
{
	(void)ctx;
	die("killed by signal %d at address %p", sig, info->si_addr);
}

void crash_handlers(void)
{
	static char stack[32768];
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND };

	sigaltstack(&alt, NULL);
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		sigaction(fatal[i], &sa, NULL);
}
