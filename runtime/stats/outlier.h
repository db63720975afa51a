/* outlier.h: groups of rows whose mean lies far from that of all rows. */
#pragma once
#include "stats/group.h"

struct outlier {
	const char *scenario, *flags;
	enum metric metric;
	double mean, overall, z; /* z: in standard deviations */
	const char **topologies; /* of the group's rows that are beyond the threshold themselves, in their order */
	size_t n_topologies;
};

struct outliers {
	struct outlier *v; /* farthest first */
	size_t n;
};

/* More than two standard deviations above the mean, as 0.3.2 finds them: six rows are needed for one. */
void outliers_find(struct outliers *o, const struct row *rows, size_t n);
void outliers_free(struct outliers *o);
#define auto_outliers __attribute__((unused, cleanup(outliers_free)))

/* One row against the others of its topology: by median and median absolute deviation, which a single far one does not move. */
struct deviant {
	const struct row *row;
	enum metric metric;
	double value, median, score; /* score: 0.6745 * (value - median) / MAD */
};

struct deviants {
	struct deviant *v; /* farthest first */
	size_t n;
};

#define DEVIANT_ROWS 5    /* of one topology, to say anything */
#define DEVIANT_SCORE 3.5 /* Iglewicz and Hoaglin */
/* Of every metric that is worse when higher, and of iterations, which are worse when lower. */
void deviants_find(struct deviants *d, const struct row *rows, size_t n);
void deviants_free(struct deviants *d);
#define auto_deviants __attribute__((unused, cleanup(deviants_free)))
