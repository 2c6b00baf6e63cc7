// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what is mapped more than once, as text for people; and the source. */

#include <stdio.h>
#include <stdlib.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "util.h"

/**
 * text_source() - say in the last line from where all that came
 * @m: the model, loaded
 */
void text_source(const struct model *m)
{
	char *unseen = unseen_text(m);

	printf("Source: %s; it does not see: ", view_text(m));
	text_put(text_safe(unseen));
	putchar('\n');
	free(unseen);
}

/**
 * text_unknown() - say why an answer is not known
 * @s: the answer; its text is freed
 */
void text_unknown(struct summary s)
{
	if (s.healthy < 0) {
		text_put(text_safe(s.text));
		putchar('\n');
	}
	free(s.text);
}

/**
 * text_alias() - print what two mappings of the same page frames mean
 * @m: the model, with the platform
 * @alias: the range
 */
void text_alias(const struct model *m, const struct alias *alias)
{
	char *size = text_size(span_size(&alias->range));

	fputs("Alias: ", stdout);
	text_put(alias_verdict_text(alias));
	fputs(", ", stdout);
	text_put(cell_range(&alias->range));
	printf(" (%s), %zu holders\n", size, alias->holders);
	free(size);
	text_detail("where", text_where(m, alias->range.start));
	text_side("one", alias->a);
	text_side("other", alias->b);
	text_detail("means", xstrdup(alias->why));
	text_detail("source", alias->source ? xstrdup(alias->source) : NULL);
	text_detail("advice", xstrdup(alias_advice(alias)));
}

/**
 * text_aliases() - print what is mapped more than once
 * @m: the model, with aliases
 */
void text_aliases(const struct model *m)
{
	char *counts;
	size_t i;

	/* Who asks for columns wants rows to work with, not prose. */
	if (columns_asked()) {
		columns_print(&aliases_columns, m);
		return;
	}
	for (i = 0; i < m->nr_aliases; i++) {
		if (!alias_harms(&m->aliases[i]) && m->aliases[i].verdict != PFN_VERDICT_UNKNOWN)
			continue;
		text_alias(m, &m->aliases[i]);
		putchar('\n');
	}
	if (m->nr_aliases) {
		counts = aliases_text(m);
		printf("Mapped more than once: %s.\n", counts);
		free(counts);
	} else {
		printf("Nothing %sis mapped more than once.\n", m->filtered ? "like that " : "");
	}
	text_unknown(summarize_live(m));
	text_source(m);
}
