// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the order of the rows of a table, and of the items of its JSON. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "main.h"
#include "util.h"

#define MAX_SORT 8

static struct pick sorts[MAX_SORT];
static size_t nr_sorts;

/* What a cell is compared by. */
struct key {
	bool known;
	long double number;
	char *text; /* NULL: the number decides */
};

struct row {
	size_t index; /* in the old order */
	struct key keys[];
};

/**
 * columns_select_sort() - choose the columns that --sort names
 * @set: the set to choose from
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int columns_select_sort(const struct column_set *set)
{
	char *list = opts.sort ? xstrdup(opts.sort) : NULL, *rest = list, *name;
	int rc = 0;

	nr_sorts = 0;
	while (!rc && (name = strsep(&rest, ","))) {
		bool reverse = *name == '-';

		if (nr_sorts == MAX_SORT)
			rc = fail(RC_USAGE, "more than %d columns to sort by; give fewer",
				  MAX_SORT);
		if (!rc)
			rc = columns_pick(set, &sorts[nr_sorts], name + reverse);
		if (!rc)
			sorts[nr_sorts++].reverse = reverse;
	}
	free(list);
	return rc;
}

static void make_key(struct key *key, const struct column *column, const struct cell *cell)
{
	key->known = strcmp(cell->text, "-");
	if (!key->known)
		return;
	if (column->right)
		key->number = strtold(cell->text, NULL);
	else if (column->sort == SORT_ADDRESS)
		key->number = strtoull(cell->text, NULL, 16);
	else if (column->sort == SORT_VERDICT) /* a word that is not known is the worst */
		key->number = (unsigned int)verdict_of(cell->text);
	else
		key->text = xstrdup(cell->text);
}

/* What is not known comes last, whatever the order is. */
static int compare_keys(const struct key *a, const struct key *b, bool reverse)
{
	int order;

	if (!a->known || !b->known)
		return (int)b->known - (int)a->known;
	if (a->text && b->text)
		order = strcmp(a->text, b->text);
	else
		order = (a->number > b->number) - (a->number < b->number);
	return reverse ? -order : order;
}

static int by_keys(const void *a, const void *b)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	int order = 0;
	size_t i;

	for (i = 0; !order && i < nr_sorts; i++)
		order = compare_keys(&x->keys[i], &y->keys[i], sorts[i].reverse);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

/* Move the rows to where they belong, in place: a second array might be too large. */
static void permute(char *rows, size_t size, size_t *from, size_t n)
{
	char *first = xcalloc(1, size);
	size_t i, to, next;

	for (i = 0; i < n; i++) {
		if (from[i] == i)
			continue;
		memcpy(first, rows + i * size, size);
		for (to = i; from[to] != i; to = next) {
			next = from[to];
			memcpy(rows + to * size, rows + next * size, size);
			from[to] = to;
		}
		memcpy(rows + to * size, first, size);
		from[to] = to;
	}
	free(first);
}

static void sort_by_columns(const struct column_set *set, struct model *m, size_t n)
{
	char *base = *(char **)((char *)m + set->rows);
	size_t size = sizeof(struct row) + nr_sorts * sizeof(struct key), i, k;
	struct row **order = xcalloc(n, sizeof(*order));
	char *rows = xcalloc(n, size);
	struct cell cell = { 0 };
	bool bytes = opts.bytes;
	size_t *from;

	/* 1K is more than 1000B. */
	opts.bytes = true;
	for (i = 0; i < n; i++) {
		order[i] = (struct row *)(rows + i * size);
		order[i]->index = i;
		for (k = 0; k < nr_sorts; k++) {
			columns_cell(&cell, set, &sorts[k], m, base + i * set->row_size);
			make_key(&order[i]->keys[k], sorts[k].column, &cell);
		}
	}
	opts.bytes = bytes;
	qsort(order, n, sizeof(*order), by_keys);
	from = xcalloc(n, sizeof(*from));
	for (i = 0; i < n; i++) {
		from[i] = order[i]->index;
		for (k = 0; k < nr_sorts; k++)
			free(order[i]->keys[k].text);
	}
	free(cell.text);
	free(order);
	free(rows);
	permute(base, set->row_size, from, n);
	free(from);
}

/* By address, those that are not known last. */
static int compare_spans(const struct span *s, const struct span *t)
{
	if (s->known != t->known)
		return s->known ? -1 : 1;
	if (s->start != t->start)
		return s->start < t->start ? -1 : 1;
	return (s->end > t->end) - (s->end < t->end);
}

static const struct mapping *records; /* that are sorted */

/* Of two at one place, the one that the source has first. */
static int by_address(const void *a, const void *b)
{
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int order = compare_spans(&records[x].range, &records[y].range);

	return order ? order : (x > y) - (x < y);
}

static void sort_records(struct model *m)
{
	size_t *from, i;

	for (i = 1; i < m->nr_records; i++)
		if (compare_spans(&m->records[i - 1].range, &m->records[i].range) > 0)
			break;
	if (i >= m->nr_records)
		return;
	from = xcalloc(m->nr_records, sizeof(*from));
	for (i = 0; i < m->nr_records; i++)
		from[i] = i;
	records = m->records;
	qsort(from, m->nr_records, sizeof(*from), by_address);
	permute((char *)m->records, sizeof(*m->records), from, m->nr_records);
	free(from);
}

/**
 * columns_sort() - bring the rows into order: as --sort has it, or the usual one
 * @set: the set whose rows they are
 * @m: the model; nothing may point to the rows
 */
void columns_sort(const struct column_set *set, struct model *m)
{
	size_t n = *(const size_t *)((const char *)m + set->nr_rows);

	if (nr_sorts && n)
		sort_by_columns(set, m, n);
	else if (set->by_address)
		sort_records(m);
}
