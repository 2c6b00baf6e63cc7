/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: numbers for a monitoring system; counts only, no address, no name of a process. */
#ifndef PFNTRACK_METRICS_H
#define PFNTRACK_METRICS_H

#include <stdio.h>

#include "model.h"

#define MAX_LABELS 4

struct sample {
	const char *labels[MAX_LABELS][2]; /* name and value; the first without a name ends them */
	uint64_t value;
};

/* Samples of one name stand together. */
struct metric {
	const char *name, *help;
	bool counts; /* a counter; else a gauge */
	size_t first, nr;
};

struct metrics {
	struct metric *metrics;
	size_t nr_metrics;
	struct sample *samples;
	size_t nr_samples;
};

void metrics_gather(const struct model *m, struct metrics *metrics);
void metrics_free(struct metrics *metrics);
void metrics_write(FILE *file, const struct metrics *metrics);

#endif /* PFNTRACK_METRICS_H */
