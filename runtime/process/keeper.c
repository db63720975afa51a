#include "process/keeper.h"
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "system/kill.h"
#include "base/syscalls.h"

/* In the keeper. What we hold must not live on in it: locks, and pipes whose end others wait for. */
static _Noreturn void keep(int fd, pid_t group, const struct descriptors *others)
{
	sigset_t all;
	char c;
	ssize_t n;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setpgid(0, 0);
	prctl(PR_SET_NAME, "ktstr-keeper");
	if (dup2(fd, 0) < 0)
		_exit(1);
	descriptors_close(others);
	do
		n = read(0, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		kill_group(group, SIGKILL);
	_exit(0);
}

int keeper_start(struct keeper *k, pid_t group, struct err *e)
{
	auto_descriptors struct descriptors others = { 0 };
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	descriptors_list(&others, 1);
	pid = fork();
	if (pid == 0)
		keep(fds[0], group, &others);
	if (pid < 0)
		(void)spawn_err(e, "fork");
	close(fds[0]);
	if (pid < 0) {
		close(fds[1]);
		return -1;
	}
	*k = (struct keeper){ .pid = pid, .fd = fds[1] };
	return 0;
}

void keeper_stop(struct keeper *k)
{
	if (k->pid <= 0)
		return;
	/* Where it cannot be ended it ends itself. */
	if (kill_process(k->pid, SIGKILL) < 0)
		(void)!write(k->fd, "", 1);
	reap_child(k->pid, NULL, 0);
	close(k->fd);
	*k = (struct keeper){ 0 };
}
