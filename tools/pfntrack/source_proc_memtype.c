// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: x86's own list of the types that it gave to ranges, without holders.
 *
 * All entries that overlap have one type: that is what the kernel keeps the
 * list for.  So an entry that contains a mapping says what it got.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_kernel.h"
#include "util.h"

struct memtype {
	uint64_t start, end; /* inclusive */
	uint64_t reach;      /* the largest end of those up to this one */
	const char *type;
};

struct memtypes {
	struct memtype *entries;
	size_t nr;
};

/*
 * "PAT: [mem 0x1000-0x2000] write-back", before Linux 5.6 "write-back @ 0x1000-0x2000".
 * The end is the next byte.
 */
static bool parse_line(const char *line, struct memtype *entry)
{
	unsigned long long start, end;
	char word[32];
	size_t i;

	if (sscanf(line, "PAT: [mem 0x%llx-0x%llx] %31s", &start, &end, word) != 3 &&
	    sscanf(line, "%31s @ 0x%llx-0x%llx", word, &start, &end) != 3)
		return false;
	if (end <= start)
		return false;
	entry->start = start;
	entry->end = end - 1;
	for (i = PFN_ATTR_WB; attr_names[i]; i++)
		if (!strcmp(attr_names[i], word))
			entry->type = attr_names[i];
	return entry->type;
}

static int by_range(const void *a, const void *b)
{
	const struct memtype *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end < y->end ? -1 : 1;
	return strcmp(x->type, y->type);
}

/* Each range once, however many hold it; and how far back one has to look. */
static void settle(struct memtypes *list)
{
	size_t i, n = 0;

	if (!list->nr)
		return;
	qsort(list->entries, list->nr, sizeof(*list->entries), by_range);
	for (i = 1; i < list->nr; i++)
		if (by_range(&list->entries[n], &list->entries[i]))
			list->entries[++n] = list->entries[i];
	list->nr = n + 1;
	for (i = 0; i < list->nr; i++) {
		struct memtype *entry = &list->entries[i];

		entry->reach = entry->end;
		if (i && entry[-1].reach > entry->reach)
			entry->reach = entry[-1].reach;
	}
}

/**
 * memtypes_load() - read the list
 * @m: the model, which keeps the text
 *
 * Return: the list; memtypes_free() it.  NULL where there is none.
 */
struct memtypes *memtypes_load(struct model *m)
{
	struct memtypes *list;
	char *text, *line;
	int err;

	text = source_text(m, PROC_MEMTYPE, &err);
	if (!text)
		return NULL;
	list = xcalloc(1, sizeof(*list));
	while ((line = strsep(&text, "\n"))) {
		struct memtype entry = { 0 };

		if (parse_line(line, &entry))
			*(struct memtype *)xappend(&list->entries, &list->nr, sizeof(entry)) =
				entry;
	}
	settle(list);
	return list;
}

/**
 * memtype_of() - what a mapping got
 * @list: the list
 * @range: what is mapped
 *
 * Return: the attribute's name; NULL if no entry contains the range, or if they
 * do not agree.
 */
const char *memtype_of(const struct memtypes *list, const struct span *range)
{
	size_t low = 0, high = list->nr;
	const char *type = NULL;

	/* The first that begins behind the start. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->entries[middle].start <= range->start)
			low = middle + 1;
		else
			high = middle;
	}
	while (low-- && list->entries[low].reach >= range->end) {
		if (list->entries[low].end < range->end)
			continue;
		if (type && strcmp(type, list->entries[low].type))
			return NULL;
		type = list->entries[low].type;
	}
	return type;
}

static bool is_of(const struct memtype *entry, const struct span *range)
{
	return entry->start == range->start && entry->end == range->end;
}

/* The first entry that begins at or behind an address. */
static size_t first_from(const struct memtypes *list, uint64_t address)
{
	size_t low = 0, high = list->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list->entries[middle].start < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Mark the entry that a mapping explains: its own, or if it has none, each that
 * contains it, because a mapping may have been unmapped in part.
 */
static void explain_entries(const struct memtypes *list, const struct span *range, bool *explained)
{
	size_t from = first_from(list, range->start), i;
	bool own = false;

	for (i = from; i < list->nr && list->entries[i].start == range->start; i++) {
		if (!is_of(&list->entries[i], range))
			continue;
		explained[i] = own = true;
	}
	if (own)
		return;
	for (i = from; i < list->nr && list->entries[i].start == range->start; i++)
		explained[i] |= list->entries[i].end >= range->end;
	for (i = from; i-- && list->entries[i].reach >= range->end;)
		explained[i] |= list->entries[i].end >= range->end;
}

/**
 * memtypes_add_orphans() - add the entries that no mapping explains
 * @m: the model, with the mappings
 * @list: the list
 *
 * Something holds them: a driver that reserved a range without mapping it, or a
 * mapping that this source does not see.
 */
void memtypes_add_orphans(struct model *m, const struct memtypes *list)
{
	bool *explained = xcalloc(list->nr, sizeof(*explained));
	size_t i, nr = m->nr_records;

	for (i = 0; i < nr; i++)
		if (m->records[i].range.known)
			explain_entries(list, &m->records[i].range, explained);
	for (i = 0; i < list->nr; i++) {
		struct mapping *map;

		if (explained[i])
			continue;
		map = xappend(&m->records, &m->nr_records, sizeof(*map));
		map->range = (struct span){ true, list->entries[i].start, list->entries[i].end };
		map->space = "none";
		map->kind = kind_names[PFN_KIND_RESERVATION];
		map->got = list->entries[i].type;
	}
	free(explained);
}

/**
 * memtypes_free() - free the list
 * @list: the list
 */
void memtypes_free(struct memtypes *list)
{
	free(list->entries);
	free(list);
}
