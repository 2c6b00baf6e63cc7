// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: which conflicts and leaks count: all of this boot, those since a time,
 * or those since they were acknowledged.
 *
 * The kernel gives a conflict that repeats its first time and a count, so that
 * --since with a time cannot always tell; the counters, which an acknowledgement
 * keeps, can.  With a time, what was acknowledged does not count, either.  A refused conflict is
 * history: nothing wrong is mapped.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "history.h"
#include "main.h"
#include "source_kernel.h"
#include "util.h"

static enum {
	BY_ACK,
	BY_BOOT,
	BY_TIME
} how;               /* --since; without it by acknowledgement */
static bool asked;   /* --since was given */
static double since; /* seconds since boot */

static double now(void)
{
	struct timespec t;

	/* The clock of the kernel's own times; it goes on while the machine sleeps. */
	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static const struct {
	const char *word;
	unsigned int seconds;
} units[] = {
	{ "s", 1 },          { "sec", 1 },      { "second", 1 },   { "seconds", 1 },
	{ "m", 60 },         { "min", 60 },     { "minute", 60 },  { "minutes", 60 },
	{ "h", 3600 },       { "hour", 3600 },  { "hours", 3600 }, { "d", 86400 },
	{ "day", 86400 },    { "days", 86400 }, { "w", 604800 },   { "week", 604800 },
	{ "weeks", 604800 },
};

/* "10min", "1h30min", "90": numbers and their units, seconds without. */
static bool parse_duration(const char *text, double *seconds)
{
	size_t digits, letters, i;

	*seconds = 0;
	if (!*text)
		return false;
	for (; *text; text += letters) {
		digits = strspn(text, "0123456789");
		letters = strspn(text + digits, "abcdefghijklmnopqrstuvwxyz");
		if (!digits || digits > 12 || (!letters && text[digits]))
			return false;
		for (i = 0; i < ARRAY_SIZE(units); i++)
			if (strlen(units[i].word) == letters &&
			    !strncmp(units[i].word, text + digits, letters))
				break;
		if (letters && i == ARRAY_SIZE(units))
			return false;
		*seconds += strtod(text, NULL) * (letters ? units[i].seconds : 1);
		text += digits;
	}
	return true;
}

/* An ISO date, in local time, or in UTC with Z behind it. */
static bool parse_date(const char *text, time_t *date)
{
	static const char *const forms[] = {
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d %H:%M",    "%Y-%m-%d",
	};
	struct tm tm;
	const char *end;
	size_t i;
	int day;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		memset(&tm, 0, sizeof(tm));
		tm.tm_isdst = -1;
		end = strptime(text, forms[i], &tm);
		if (!end || (*end && strcmp(end, "Z")))
			continue;
		day = tm.tm_mday;
		*date = *end ? timegm(&tm) : mktime(&tm);
		/* They take February 30, and mean another day. */
		return *date != (time_t)-1 && tm.tm_mday == day;
	}
	return false;
}

/**
 * history_parse() - take --since
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int history_parse(void)
{
	double ago;
	time_t date;

	asked = opts.since;
	if (!asked || !strcmp(opts.since, "ack"))
		return 0;
	how = BY_BOOT;
	if (!strcmp(opts.since, "boot"))
		return 0;
	how = BY_TIME;
	if (parse_date(opts.since, &date))
		ago = difftime(time(NULL), date);
	else if (!parse_duration(opts.since, &ago))
		return fail(
			RC_USAGE,
			"'%s' is not a time; write it like 10min, 2h, 90 (seconds), 2026-11-30 13:00, boot or ack",
			opts.since);
	if (ago < 0)
		return fail(RC_USAGE, "'%s' is in the future; is the clock right? ('date')",
			    opts.since);
	if (*opts.root)
		return fail(RC_USAGE,
			    "a snapshot does not say how long ago that is; give --since boot");
	since = now() - ago;
	return 0;
}

/**
 * history_by_time() - do the times of leaks matter, and not only their number?
 */
bool history_by_time(void)
{
	return how == BY_TIME;
}

/* How often it had happened when it was acknowledged. */
static uint64_t seen_before(const struct acknowledged *ack, uint64_t id)
{
	size_t i;

	for (i = 0; ack && i < ack->nr_seen; i++)
		if (ack->seen[i].id == id)
			return ack->seen[i].count;
	return 0;
}

static uint64_t above(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* How often it happened since then, as far as that is known. */
static uint64_t fresh_count(struct model *m, const struct acknowledged *ack, struct conflict *c)
{
	uint64_t fresh = above(c->count, seen_before(ack, c->id));

	if (how == BY_TIME && c->new.time &&strtod(c->new.time, NULL) < since) {
		c->unsure = fresh && c->count > 1 && !conflict_refused(c);
		m->history.unsure |= c->unsure;
		return 0;
	}
	return fresh;
}

/*
 * Those that the kernel's list has no more room for are still counted.  Of what was
 * acknowledged, neither the listed ones nor the others count.
 */
static void judge_conflicts(struct model *m, const struct acknowledged *ack)
{
	uint64_t mapped = 0, refused = 0, listed = 0, listed_refused = 0, every, n;
	struct history *h = &m->history;
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++) {
		struct conflict *c = &m->conflicts[i];
		bool is_refused = conflict_refused(c);

		n = fresh_count(m, ack, c);
		c->fresh = n;
		c->old = !n;
		h->hidden += c->old;
		*(is_refused ? &refused : &mapped) += n;
		n = above(c->count, seen_before(ack, c->id));
		*(is_refused ? &listed_refused : &listed) += n;
	}
	every = above(m->total, ack ? ack->conflicts : 0);
	n = above(m->counters[COUNTER_refused], ack ? ack->refused : 0);
	if (n < listed_refused)
		n = listed_refused;
	h->unlisted = above(above(every, n), listed);
	h->conflicts = mapped;
	h->refused = refused;
	if (how == BY_TIME) {
		h->unsure |= h->unlisted;
		return;
	}
	h->refused = n;
	h->conflicts += h->unlisted;
}

static uint64_t all_leaks(const struct model *m, bool listed)
{
	return listed ? m->leaks_total : m->counters[COUNTER_leaks];
}

static void judge_leaks(struct model *m, const struct acknowledged *ack, bool listed)
{
	struct history *h = &m->history;
	bool earlier = false;
	uint64_t fresh = 0;
	size_t i;

	for (i = 0; i < m->nr_leaks; i++) {
		struct leak *leak = &m->leaks[i];

		leak->old = how == BY_TIME && leak->time && strtod(leak->time, NULL) < since;
		earlier |= leak->old;
		leak->old |= ack && leak->id <= ack->last_leak;
		h->hidden_leaks += leak->old;
		fresh += !leak->old;
	}
	/* Each leak has a time of its own, and the oldest ones leave the list. */
	if (!earlier)
		h->unlisted_leaks = above(above(all_leaks(m, listed), ack ? ack->leaks : 0), fresh);
	h->leaks = fresh + h->unlisted_leaks;
}

static char *date_text(uint64_t date)
{
	time_t t = date;
	struct tm tm;
	char text[64];

	if (!localtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return xstrdup("-");
	return xstrdup(text);
}

static char *since_text(const struct acknowledged *ack, uint64_t done_at)
{
	char *date, *text;

	if (how == BY_TIME)
		return xasprintf("since %s%s%s", opts.since,
				 strchr(opts.since, '-') ? "" : " before now",
				 ack ? ", without what was acknowledged" : "");
	if (how == BY_BOOT || !ack)
		return xstrdup("since boot");
	date = date_text(done_at);
	text = xasprintf("since acknowledged (%s)", date);
	free(date);
	return text;
}

/* The kernel's counters only grow: what is above them was acknowledged on another boot. */
static bool conflicts_fit(const struct model *m, const struct acknowledged *ack)
{
	size_t i;

	for (i = 0; i < m->nr_conflicts; i++)
		if (m->conflicts[i].count < seen_before(ack, m->conflicts[i].id))
			return false;
	return ack->conflicts <= m->total && ack->refused <= m->counters[COUNTER_refused];
}

/* The newest leak stays listed, and its number is the highest. */
static bool leaks_fit(const struct model *m, const struct acknowledged *ack, bool listed)
{
	uint64_t last = m->nr_leaks ? 0 : UINT64_MAX;
	size_t i;

	for (i = 0; i < m->nr_leaks; i++)
		if (m->leaks[i].id > last)
			last = m->leaks[i].id;
	return ack->last_leak <= last && ack->leaks <= all_leaks(m, listed);
}

/**
 * history_judge() - find which conflicts and leaks count
 * @m: the model, loaded
 * @what: LOAD_ flags
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int history_judge(struct model *m, unsigned int what)
{
	struct acknowledged *ack = NULL, *conflicts, *leaks;
	bool listed = what & LOAD_LEAKS;
	int rc = 0;

	/* Snapshots are looked at elsewhere, where others were acknowledged. */
	if (how != BY_BOOT && !*opts.root) {
		ack = xcalloc(1, sizeof(*ack));
		rc = acknowledged_load(ack);
	}
	if (rc) {
		free(ack);
		return rc;
	}
	conflicts = ack && ack->conflicts_done && conflicts_fit(m, ack) ? ack : NULL;
	leaks = ack && ack->leaks_done && leaks_fit(m, ack, listed) ? ack : NULL;
	if (what & LOAD_CONFLICTS)
		judge_conflicts(m, conflicts);
	judge_leaks(m, leaks, listed);
	m->history.since = model_keep(m, since_text(conflicts, ack ? ack->conflicts_date : 0));
	m->history.leaks_since = model_keep(m, since_text(leaks, ack ? ack->leaks_date : 0));
	m->history.limited = conflicts || leaks || how == BY_TIME;
	free(ack);
	return 0;
}

/**
 * history_hide() - leave in the model the conflicts and leaks that count
 * @m: the model, after history_judge()
 */
void history_hide(struct model *m)
{
	size_t n = 0, i;

	for (i = 0; i < m->nr_conflicts; i++)
		if (!m->conflicts[i].old)
			m->conflicts[n++] = m->conflicts[i];
	m->nr_conflicts = n;
	for (n = i = 0; i < m->nr_leaks; i++)
		if (!m->leaks[i].old)
			m->leaks[n++] = m->leaks[i];
	m->nr_leaks = n;
}
