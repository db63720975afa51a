#include "fetch/git/pktline.h"

#include <string.h>

#include "base/err.h"

static int fill(struct pkts *p, struct err *e)
{
	int n = p->read(p->arg, p->buf, sizeof(p->buf), e);

	if (n < 0)
		return -1;
	if (n == 0)
		return err_set(e, X_NETWORK, "the server closed the connection");
	p->at = 0;
	p->have = (size_t)n;
	return 0;
}

static int take(struct pkts *p, char *to, size_t n, struct err *e)
{
	while (n) {
		size_t part = p->have - p->at < n ? p->have - p->at : n;

		memcpy(to, p->buf + p->at, part);
		p->at += part;
		to += part;
		n -= part;
		if (n && fill(p, e) < 0)
			return -1;
	}
	return 0;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int length(const char head[4])
{
	int n = 0;

	for (int i = 0; i < 4; i++) {
		if (digit(head[i]) < 0)
			return -1;
		n = n * 16 + digit(head[i]);
	}
	return n;
}

int pkt_next(struct pkts *p, struct err *e)
{
	char head[4];
	int n;

	p->n = 0;
	p->data[0] = '\0';
	if (p->max < sizeof(head))
		return err_set(e, X_NETWORK, "the server's answer has no end");
	if (take(p, head, sizeof(head), e) < 0)
		return -1;
	p->max -= sizeof(head);
	n = length(head);
	if (n < 0 || n == 3 || n > PKT_MAX)
		return err_set(e, X_NETWORK, "what answers there does not speak git's protocol");
	if (n < 4)
		return n == 0 ? PKT_FLUSH : n == 1 ? PKT_DELIM : PKT_RESPONSE_END;
	n -= 4;
	if ((uint64_t)n > p->max)
		return err_set(e, X_NETWORK, "the server's answer has no end");
	p->max -= (uint64_t)n;
	if (take(p, p->data, (size_t)n, e) < 0)
		return -1;
	p->n = (size_t)n;
	p->data[n] = '\0';
	return PKT_DATA;
}

void pkt_restart(struct pkts *p, uint64_t max)
{
	p->at = p->have = p->n = 0;
	p->max = max;
}
