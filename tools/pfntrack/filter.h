/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: which mappings are asked for. */
#ifndef PFNTRACK_FILTER_H
#define PFNTRACK_FILTER_H

#include "model.h"

#define MAX_TERMS 32

enum filter_key {
	FILTER_RANGE,
	FILTER_ATTR,
	FILTER_KIND,
	FILTER_DRIVER,
	FILTER_DEVICE,
	FILTER_PID,
	FILTER_COMM,
	FILTER_COUNT,
};

struct filter_term {
	enum filter_key key;
	const char *word;
	struct span span;
};

/* What is filtered: records, ranges with several of them, or what the kernel reports. */
enum filter_of {
	FILTER_RECORDS,
	FILTER_ALIASES,
	FILTER_REPORTS,
};

/* Terms of one key are alternatives; all keys must be met. */
struct filter {
	struct filter_term terms[MAX_TERMS];
	size_t nr;
};

int parse_range(const char *word, struct span *span);
int filter_parse(struct filter *f, int argc, char **argv);
bool filter_asks(const struct filter *f, enum filter_key key);
bool filter_takes(const struct filter *f, const struct model *m, const struct mapping *map);
bool filter_takes_two(const struct filter *f, const struct model *m, const struct span *range,
		      const struct mapping *a, const struct mapping *b);

/* filter_model.c */
void filter_records(const struct filter *f, struct model *m);
void filter_conflicts(const struct filter *f, struct model *m);
void filter_aliases(const struct filter *f, struct model *m);
void filter_leaks(const struct filter *f, struct model *m);
const char *filter_unknown(const struct filter *f, const struct model *m, enum filter_of of);

/* filter.c */
bool same_device(const char *asked, const char *device);
bool maps_device(const struct model *m, const struct mapping *map, const char *device);

#endif /* PFNTRACK_FILTER_H */
