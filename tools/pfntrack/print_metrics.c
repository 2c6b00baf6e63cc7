// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: metrics in Prometheus' text format 0.0.4, and as JSON. */

#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "metrics.h"
#include "print.h"
#include "util.h"

static void put_char(FILE *file, char c)
{
	if (c == '\\' || c == '"')
		putc('\\', file);
	if (c == '\n')
		fputs("\\n", file);
	else
		putc(c, file);
}

/*
 * UTF-8, in which a backslash, a quote and a newline are escaped.  The format
 * has no escape for other controls: \xNN is a part of the value.
 */
static void put_value(FILE *file, const char *s)
{
	char *clean = text_utf8(s), *c = clean;
	size_t odd;

	putc('"', file);
	while (*c) {
		odd = *c == '\n' ? 0 : text_control(c);
		if (!odd)
			put_char(file, *c++);
		for (; odd; odd--)
			fprintf(file, "\\\\x%02x", (unsigned char)*c++);
	}
	putc('"', file);
	free(clean);
}

static void put_sample(FILE *file, const char *name, const struct sample *sample)
{
	size_t i;

	fputs(name, file);
	for (i = 0; i < MAX_LABELS && sample->labels[i][0]; i++) {
		fprintf(file, "%c%s=", i ? ',' : '{', sample->labels[i][0]);
		put_value(file, sample->labels[i][1]);
	}
	fprintf(file, "%s %llu\n", i ? "}" : "", (unsigned long long)sample->value);
}

/**
 * metrics_write() - write metrics as text
 * @file: where to
 * @metrics: them; those without a sample are left out
 */
void metrics_write(FILE *file, const struct metrics *metrics)
{
	size_t i, j;

	for (i = 0; i < metrics->nr_metrics; i++) {
		const struct metric *metric = &metrics->metrics[i];

		if (!metric->nr)
			continue;
		fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
			metric->name, metric->counts ? "counter" : "gauge");
		for (j = 0; j < metric->nr; j++)
			put_sample(file, metric->name, &metrics->samples[metric->first + j]);
	}
}

/**
 * text_metrics() - print metrics
 * @m: the model
 * @metrics: them
 */
void text_metrics(const struct model *m, const struct metrics *metrics)
{
	(void)m;
	metrics_write(stdout, metrics);
}

/**
 * json_metrics() - print metrics as JSON
 * @m: the model
 * @metrics: them
 */
void json_metrics(const struct model *m, const struct metrics *metrics)
{
	struct json_object *top = jdocument_of(m);
	struct json_object *all = jneed(json_object_new_array());
	size_t i, j, k;

	for (i = 0; i < metrics->nr_metrics; i++) {
		const struct metric *metric = &metrics->metrics[i];

		for (j = 0; j < metric->nr; j++) {
			const struct sample *sample = &metrics->samples[metric->first + j];
			struct json_object *v = jneed(json_object_new_object());
			struct json_object *labels = jneed(json_object_new_object());

			for (k = 0; k < MAX_LABELS && sample->labels[k][0]; k++)
				jput(labels, sample->labels[k][0], jtext(sample->labels[k][1]));
			jput(v, "name", jtext(metric->name));
			jput(v, "type", jtext(metric->counts ? "counter" : "gauge"));
			jput(v, "labels", labels);
			jput(v, "value", jnumber(sample->value));
			jpush(all, v);
		}
	}
	jput(top, "metrics", all);
	jemit(top);
}
