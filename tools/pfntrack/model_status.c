// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the answers of "status", "conflicts", "leaks" and "aliases", alike for
 * every printer.
 *
 * A problem is what is mapped wrongly now, and what went wrong since boot, since a
 * time or since it was acknowledged.  A refused conflict is none: nothing wrong is
 * mapped.
 */

#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "model.h"
#include "util.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* Append to a text of sentences, which are freed; NULL is none. */
static char *sentences(char *text, char *more)
{
	char *both;

	if (!more)
		return text;
	if (!text)
		return more;
	both = xasprintf("%s %s", text, more);
	free(text);
	free(more);
	return both;
}

/* In words that need no manual page. */
static char *leaks_text(const struct model *m)
{
	unsigned long long leaks = m->history.leaks;

	if (!leaks)
		return NULL;
	return xasprintf(
		"%llu leak%s %s: a driver or module went and left memory mapped; see 'pfntrack leaks'.",
		leaks, plural(leaks), m->history.leaks_since);
}

/* In the words of live_text(): what is no worse than a downgrade is one. */
static const char *worst_text(const struct model *m)
{
	const char *worst = worst_fresh(m);
	size_t i;

	if (!worst)
		return "not listed";
	for (i = 0; (unsigned int)verdict_of(worst) < PFN_VERDICT_ORDERING && i < m->nr_conflicts;
	     i++)
		if (m->conflicts[i].downgrade && !m->conflicts[i].old &&
		    !conflict_refused(&m->conflicts[i]))
			return "a downgrade";
	return worst;
}

static char *conflicts_text(const struct model *m)
{
	unsigned long long n = m->history.conflicts, linear;
	char *ram, *text;

	if (!n)
		return NULL;
	linear = m->history.limited ? 0 : count_linear(m);
	ram = linear ? xasprintf(", %llu of RAM mapped otherwise than the linear map", linear)
		     : xstrdup("");
	text = xasprintf("%llu conflict%s %s, the worst is %s%s; see 'pfntrack conflicts'.", n,
			 plural(n), m->history.since, worst_text(m), ram);
	free(ram);
	return text;
}

static char *refused_text(const struct model *m)
{
	unsigned long long n = m->history.refused;

	if (!n)
		return NULL;
	return xasprintf("%llu conflicting mapping%s refused %s, so nothing wrong is mapped by %s.",
			 n, n == 1 ? " was" : "s were", m->history.since, n == 1 ? "it" : "them");
}

/* Ranges whose mappings disagree now; the worst is the first. */
static char *live_text(const struct model *m)
{
	const struct alias *worst = &m->aliases[0];
	size_t bad = count_harmful(m);

	if (!bad)
		return NULL;
	return xasprintf(
		"%zu range%s mapped in ways that disagree, the worst is %s; see 'pfntrack aliases'.",
		bad, bad == 1 ? " is" : "s are",
		worst->downgrade ? "a downgrade" : verdict_names[worst->verdict]);
}

/* Ranges of which no verdict is known. */
static char *unjudged_text(const struct model *m)
{
	size_t unknown = count_aliases(m, PFN_VERDICT_UNKNOWN);

	if (!unknown)
		return NULL;
	return xasprintf(
		"Not known: %zu range%s more than one holder, and this source does not know how they map %s; see 'pfntrack aliases'.",
		unknown, unknown == 1 ? " has" : "s have", unknown == 1 ? "it" : "them");
}

static char *unsure_text(const struct model *m)
{
	if (!m->history.unsure)
		return NULL;
	return xstrdup(
		"Not known: earlier conflicts repeated, or are no longer listed, and the kernel does not say when; 'pfntrack conflicts --clear' counts from now on.");
}

/**
 * summarize_live() - is anything mapped in ways that disagree now?
 * @m: the model, with aliases, coverage and sysfs
 */
struct summary summarize_live(const struct model *m)
{
	struct summary s = { .healthy = 0, .text = live_text(m) };

	if (s.text)
		return s;
	s.text = unknown_text(m, false);
	if (!s.text)
		s.text = unjudged_text(m);
	if (!s.text)
		s.text = missed_text(m);
	s.healthy = s.text ? -1 : 1;
	if (!s.text && m->view == VIEW_PROC)
		s.text = xstrdup(
			"No alias that harms among the mappings that this source sees, which are not all.");
	return s;
}

/**
 * summarize_conflicts() - did mappings disagree, since the time that is asked about?
 * @m: the model, with conflicts, coverage and sysfs
 */
struct summary summarize_conflicts(const struct model *m)
{
	struct summary s = { .healthy = 0, .text = conflicts_text(m) };

	if (s.text)
		return s;
	s.text = unknown_text(m, true);
	if (!s.text && m->filtered)
		s.text = unlisted_text(m->history.unlisted, "conflict");
	if (!s.text)
		s.text = unsure_text(m);
	s.healthy = s.text ? -1 : 1;
	return s;
}

/**
 * summarize_leaks() - did drivers leave mappings, since the time that is asked about?
 * @m: the model, with leaks or sysfs, and coverage
 */
struct summary summarize_leaks(const struct model *m)
{
	struct summary s = { .healthy = 0, .text = leaks_text(m) };

	if (s.text)
		return s;
	s.text = unknown_text(m, true);
	if (!s.text && m->filtered)
		s.text = unlisted_text(m->history.unlisted_leaks, "leak");
	s.healthy = s.text ? -1 : 1;
	return s;
}

/* Nothing is wrong, and all that matters is known. */
static char *clean_text(const struct model *m)
{
	char *but = caveats(m), *text;

	if (*but)
		text = xasprintf("No conflict seen, but not everything was: %s.", but + 2);
	else if (m->history.limited)
		text = xasprintf("Clean: no conflict %s among the mappings that are watched.",
				 m->history.since);
	else
		text = xstrdup("Clean: no conflict among the mappings that are watched.");
	free(but);
	return text;
}

/**
 * summarize() - the answer to "has this machine an alias problem?"
 * @m: the model, with everything that status loads
 */
struct summary summarize(const struct model *m)
{
	struct summary live = summarize_live(m), past;
	char *leaks;

	if (m->view == VIEW_PROC)
		return live;
	past = summarize_conflicts(m);
	leaks = leaks_text(m);
	if (!live.healthy || !past.healthy || leaks) {
		/* What is not known matters no more. */
		if (live.healthy) {
			free(live.text);
			live.text = NULL;
		}
		if (past.healthy) {
			free(past.text);
			past.text = NULL;
		}
		live.text = sentences(sentences(live.text, past.text), leaks);
		live.healthy = 0;
	} else if (live.healthy < 0) {
		free(past.text);
	} else if (past.healthy < 0) {
		live = past;
	} else {
		live.text = clean_text(m);
	}
	live.text = sentences(live.text, refused_text(m));
	return live;
}

/**
 * summary_rc() - the exit code of an answer
 * @s: the answer; its text is freed
 *
 * "Not known" is not clean: a script that checks for zero must not be soothed by a
 * kernel that records nothing.
 */
int summary_rc(struct summary *s)
{
	free(s->text);
	s->text = NULL;
	return s->healthy < 0 ? RC_UNSUPPORTED : s->healthy ? RC_CLEAN : RC_CONFLICT;
}
