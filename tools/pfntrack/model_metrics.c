// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what is worth watching over time, as numbers. */

#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "metrics.h"
#include "util.h"

static void metric(struct metrics *all, const char *name, const char *help, bool counts)
{
	struct metric *metric = xappend(&all->metrics, &all->nr_metrics, sizeof(*metric));

	metric->name = name;
	metric->help = help;
	metric->counts = counts;
	metric->first = all->nr_samples;
}

/* One more of the last metric. */
static struct sample *sample(struct metrics *all, uint64_t value)
{
	struct sample *sample = xappend(&all->samples, &all->nr_samples, sizeof(*sample));

	all->metrics[all->nr_metrics - 1].nr++;
	sample->value = value;
	return sample;
}

static void label(struct sample *sample, const char *name, const char *value)
{
	size_t i = 0;

	while (sample->labels[i][0])
		i++;
	sample->labels[i][0] = name;
	sample->labels[i][1] = value ? value : "";
}

static void gather_source(const struct model *m, struct metrics *all)
{
	struct sample *one;
	struct summary s;
	size_t i;

	metric(all, "pfn_track_info", "From where these numbers come.", false);
	one = sample(all, 1);
	label(one, "source", view_names[m->view]);
	label(one, "arch", m->arch);
	label(one, "version", PFNTRACK_VERSION);

	/* A label that changes would end one series and begin another: a number for each word. */
	metric(all, "pfn_track_policy", "1 for the policy in force; none without pfn_track.",
	       false);
	for (i = 0; policy_names[i]; i++)
		label(sample(all, m->policy && !strcmp(m->policy, policy_names[i])), "policy",
		      policy_names[i]);
	metric(all, "pfn_track_unseen", "How much the source does not see, by sort.", false);
	for (i = 0; unseen_names[i]; i++)
		label(sample(all, m->unseen_counts[i]), "what", unseen_names[i]);

	/* What is not known is not healthy; the second number tells it from a problem. */
	s = summarize(m);
	free(s.text);
	metric(all, "pfn_track_healthy", "1 if it is known that nothing harms.", false);
	sample(all, s.healthy > 0);
	metric(all, "pfn_track_health_known", "1 if it is known whether something harms.", false);
	sample(all, s.healthy >= 0);
}

static void gather_mappings(const struct model *m, struct metrics *all)
{
	struct sample *one;
	int verdict;
	size_t i;

	metric(all, "pfn_track_mappings", "Live mappings by what they got.", false);
	for (i = 0; attr_names[i]; i++) {
		one = sample(all, count_attr(m, attr_names[i]));
		label(one, "attribute", attr_names[i]);
	}
	metric(all, "pfn_track_mappings_by_kind", "Live mappings by kind.", false);
	for (i = 0; kind_names[i]; i++)
		label(sample(all, count_kind(m, kind_names[i])), "kind", kind_names[i]);
	metric(all, "pfn_track_mappings_unplaced",
	       "Mappings that are known, but not what they map.", false);
	sample(all, m->unplaced);
	metric(all, "pfn_track_aliases", "Ranges that are mapped more than once, by verdict.",
	       false);
	for (verdict = 0; verdict < PFN_VERDICT_COUNT; verdict++)
		label(sample(all, count_aliases(m, verdict)), "verdict", verdict_names[verdict]);
	metric(all, "pfn_track_aliases_downgraded",
	       "Ranges where a mapping got another attribute than it asked for.", false);
	sample(all, count_downgraded(m));
}

static void gather_counters(const struct model *m, struct metrics *all)
{
	static const struct {
		enum counter counter;
		const char *name, *help;
	} counters[] = {
		{ COUNTER_maps, "pfn_track_maps_total", "Mappings that were made." },
		{ COUNTER_unmaps, "pfn_track_unmaps_total", "Mappings that went." },
		{ COUNTER_conflicts, "pfn_track_conflicts_total", "Mappings that disagreed." },
		{ COUNTER_refused, "pfn_track_refused_total", "Mappings that were refused." },
		{ COUNTER_downgrades, "pfn_track_downgrades_total",
		  "Mappings that got another attribute than they asked for." },
		{ COUNTER_suppressed, "pfn_track_suppressed_reports_total",
		  "Reports that were counted and not logged." },
		{ COUNTER_incomplete, "pfn_track_lost_mappings_total",
		  "Mappings that could not be stored." },
		{ COUNTER_leaks, "pfn_track_leaks_total",
		  "Mappings that outlived their driver or module." },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counters); i++) {
		if (counters[i].counter == COUNTER_leaks && !m->counts_leaks)
			continue;
		metric(all, counters[i].name, counters[i].help, true);
		sample(all, m->counters[counters[i].counter]);
	}
}

/**
 * metrics_gather() - turn the model into numbers
 * @m: the model, with everything that status loads
 * @metrics: zeroed; metrics_free() it.  Its strings are the model's.
 */
void metrics_gather(const struct model *m, struct metrics *metrics)
{
	gather_source(m, metrics);
	gather_mappings(m, metrics);
	/* A source that does not count them must not say that there were none. */
	if (m->view == VIEW_KERNEL)
		gather_counters(m, metrics);
}

/**
 * metrics_free() - free them
 * @metrics: them
 */
void metrics_free(struct metrics *metrics)
{
	free(metrics->metrics);
	free(metrics->samples);
	memset(metrics, 0, sizeof(*metrics));
}
