#include "gen/base/confirm.h"
#include "base/stop.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

int confirm(const char *question, struct err *e)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char answer[64] = "";
	char *word = answer;

	fputs(question, stderr);
	if (stop_poll(&p, 1, -1, e) < 0)
		return -1;
	ssize_t n = read(STDIN_FILENO, answer, sizeof(answer) - 1);

	answer[n > 0 ? n : 0] = '\0';
	word += strspn(word, " \t");
	word[strcspn(word, "\r\n")] = '\0';
	for (size_t len = strlen(word); len && strchr(" \t", word[len - 1]);)
		word[--len] = '\0';
	return !strcasecmp(word, "y") || !strcasecmp(word, "yes") ? CONFIRM_YES : CONFIRM_NO;
}
