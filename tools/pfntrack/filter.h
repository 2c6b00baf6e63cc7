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

/* Terms of one key are alternatives; all keys must be met. */
struct filter {
	struct {
		enum filter_key key;
		const char *word;
		struct span span;
	} terms[MAX_TERMS];
	size_t nr;
};

int filter_parse(struct filter *f, int argc, char **argv);
bool filter_takes(const struct filter *f, const struct model *m, const struct mapping *map);
void filter_records(const struct filter *f, struct model *m);
bool same_device(const char *asked, const char *device);
bool maps_device(const struct model *m, const struct mapping *map, const char *device);

#endif /* PFNTRACK_FILTER_H */
