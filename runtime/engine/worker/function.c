#include "engine/worker/function.h"
#include <inttypes.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

void function_call_write(char to[FUNCTION_WORDS_MAX], const struct function_call *c)
{
	snprintf(to, FUNCTION_WORDS_MAX, "%u %d %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64,
		 c->abi, c->file, c->place, c->turn, c->index, c->count, c->speed, c->random);
}

bool function_call_read(struct function_call *c, const char *text)
{
	int end = 0;

	*c = (struct function_call){ 0 };
	if (sscanf(text, "%u", &c->abi) == 1 && c->abi != STAGE_ABI)
		return true;
	return sscanf(text, "%u %d %" SCNu64 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNu64 "%n", &c->abi,
		      &c->file, &c->place, &c->turn, &c->index, &c->count, &c->speed, &c->random, &end) == 8 &&
	       !text[end] && c->file >= 0 && c->speed;
}

void function_wait(const struct stage_head *head, uint32_t turn)
{
	uint32_t now;

	while ((now = __atomic_load_n(&head->go, __ATOMIC_SEQ_CST)) < turn)
		syscall(SYS_futex, &head->go, FUTEX_WAIT, now, NULL, NULL, 0);
}
