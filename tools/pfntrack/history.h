/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: since when conflicts and leaks count, and what was acknowledged. */
#ifndef PFNTRACK_HISTORY_H
#define PFNTRACK_HISTORY_H

#include "model.h"

#define HISTORY_DIR   "/var/lib/pfntrack"
#define HISTORY_STATE HISTORY_DIR "/acknowledged"
#define HISTORY_SEEN  256 /* conflicts of a dump; the kernel lists 64 */

/* What was acknowledged, by the counters of this boot. */
struct acknowledged {
	bool conflicts_done, leaks_done;
	/* Seconds since the epoch, for people. */
	uint64_t conflicts_date, leaks_date;
	uint64_t conflicts, refused; /* counters */
	uint64_t leaks, last_leak;   /* counter, and the highest id */
	struct {
		uint64_t id, count;
	} seen[HISTORY_SEEN];
	size_t nr_seen;
};

/* history_state.c */
int acknowledged_load(struct acknowledged *ack);
int history_may_clear(int nr_filters);
void acknowledge_conflicts(struct acknowledged *ack, const struct model *m);
void acknowledge_leaks(struct acknowledged *ack, const struct model *m);
int acknowledge(const struct acknowledged *new);

/* history.c */
int history_parse(void);
bool history_by_time(void);
void history_hide(struct model *m);
int history_judge(struct model *m, unsigned int what);

#endif /* PFNTRACK_HISTORY_H */
