#include "remote/policy.h"

enum answer policy_answer(long status, enum request request, bool anonymous, bool s3)
{
	bool upload = request == REQUEST_PUT;

	if (status >= 200 && status < 300)
		return ANSWER_FINE;
	if (upload && status == 409)
		return ANSWER_THERE;
	if (upload && (status == 413 || status == 507))
		return ANSWER_UNWANTED;
	if (upload && (status == 401 || status == 403 || status == 405))
		return ANSWER_READ_ONLY;
	if (!upload && (status == 404 || status == 410 || (status == 401 && anonymous) || (status == 403 && s3)))
		return ANSWER_MISS;
	/* Not every server that takes uploads knows HEAD, or tells everybody. */
	if (request == REQUEST_HEAD &&
	    (status == 501 || (status >= 400 && status < 500 && status != 408 && status != 429)))
		return ANSWER_MISS;
	if (status == 408 || status == 429 || status >= 500)
		return ANSWER_PASSING;
	return ANSWER_NEVER;
}

void trust_fine(struct trust *t)
{
	t->answered = true;
	t->failures = 0;
}

bool trust_failed(struct trust *t)
{
	t->failures++;
	if (t->off || (t->answered && t->failures < TRUST_FAILURES))
		return false;
	t->off = true;
	return true;
}

bool trust_lost(struct trust *t, long long from, long long to)
{
	from += TRUST_FREE_MS;
	if (from < t->lost_until)
		from = t->lost_until;
	if (to <= from)
		return false;
	t->lost_ms += to - from;
	t->lost_until = to;
	if (t->off || t->lost_ms < TRUST_LOST_MS)
		return false;
	t->off = true;
	return true;
}

bool patience_ends(const struct patience *p, long long now, uint64_t got)
{
	uint64_t elapsed = now > p->began ? (uint64_t)(now - p->began) : 0;
	uint64_t most = p->took > PATIENCE_MS ? p->took : PATIENCE_MS;

	if (elapsed < PATIENCE_LOOK_MS)
		return false;
	if (elapsed > most || !got)
		return true;
	if (got >= p->bytes)
		return false;
	/* At the pace so far. */
	return (double)elapsed * (double)p->bytes / (double)got > (double)most;
}
