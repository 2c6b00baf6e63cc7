// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: which mappings are asked for, as words KEY=VALUE. */

#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "main.h"
#include "util.h"

static const char *const keys[] = {
	[FILTER_RANGE] = "range",   [FILTER_ATTR] = "attr",     [FILTER_KIND] = "kind",
	[FILTER_DRIVER] = "driver", [FILTER_DEVICE] = "device", [FILTER_PID] = "pid",
	[FILTER_COMM] = "comm",     [FILTER_COUNT] = NULL,
};

static const char *key_word(size_t i)
{
	return keys[i];
}

static const char *attr_word(size_t i)
{
	return attr_names[i];
}

static const char *kind_word(size_t i)
{
	return kind_names[i];
}

/* An address, FIRST-LAST, or START+SIZE. */
static int parse_range(const char *word, struct span *span)
{
	char *text = xstrdup(word), *rest = text + strcspn(text, "-+");
	char how = *rest;
	uint64_t other = 0;
	int rc;

	if (how)
		*rest++ = '\0';
	rc = parse_address(text, &span->start);
	if (!rc && how)
		rc = parse_address(rest, &other);
	if (!rc) {
		span->known = true;
		span->end = !how ? span->start : how == '-' ? other : span->start + (other - 1);
		if (span->end < span->start || (how == '+' && !other))
			rc = fail(RC_USAGE,
				  "the range '%s' is empty; write it like 0x1000-0x1fff or 1M+4K",
				  word);
	}
	free(text);
	return rc;
}

static int parse_word(const char *what, const char *word, const char *(*name)(size_t i))
{
	const char *near;
	size_t i;

	for (i = 0; name(i); i++)
		if (!strcmp(name(i), word))
			return 0;
	near = nearest(word, name);
	return fail(RC_USAGE, "unknown %s '%s'%s%s%s; --help lists them", what, word,
		    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static int parse_pid(const char *word)
{
	uint64_t pid;

	if (parse_number(word, 10, &pid) && pid <= INT32_MAX)
		return 0;
	return fail(RC_USAGE, "'%s' is no process id; write it like pid=42", word);
}

static int parse_term(struct filter *f, const char *arg)
{
	const char *value = strchr(arg, '=');
	char *key = value ? strndup(arg, value - arg) : xstrdup(arg);
	int rc;

	if (!key)
		die_nomem();
	rc = parse_word("filter", key, key_word);
	if (!rc && (!value || !value[1]))
		rc = fail(RC_USAGE, "'%s' has no value; write it like kind=ioremap", arg);
	if (!rc && f->nr == MAX_TERMS)
		rc = fail(RC_USAGE, "more than %d filters; give fewer", MAX_TERMS);
	if (!rc) {
		enum filter_key i = 0;

		while (strcmp(keys[i], key))
			i++;
		f->terms[f->nr].key = i;
		f->terms[f->nr].word = ++value;
		if (i == FILTER_RANGE)
			rc = parse_range(value, &f->terms[f->nr].span);
		else if (i == FILTER_ATTR)
			rc = parse_word("attribute", value, attr_word);
		else if (i == FILTER_KIND)
			rc = parse_word("kind", value, kind_word);
		else if (i == FILTER_PID)
			rc = parse_pid(value);
		f->nr++;
	}
	free(key);
	return rc;
}

/**
 * filter_parse() - take the words of the command line
 * @f: zeroed
 * @argc: number of words
 * @argv: words, that must stay
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int filter_parse(struct filter *f, int argc, char **argv)
{
	int rc = 0;

	for (; !rc && argc; argc--)
		rc = parse_term(f, *argv++);
	return rc;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool meet(const struct span *a, uint64_t start, uint64_t end)
{
	return a->known && a->start <= end && start <= a->end;
}

/**
 * same_device() - is this the device that is asked for?
 * @asked: as lspci writes it: the domain may be left out where it is 0
 * @device: with domain; or NULL
 */
bool same_device(const char *asked, const char *device)
{
	return same(asked, device) ||
	       (device && !strncmp(device, "0000:", 5) && !strcmp(asked, device + 5));
}

/**
 * maps_device() - is a mapping one of a PCI device: its own, or of its BARs?
 * @m: the model, with the platform
 * @map: the mapping
 * @device: as lspci writes it
 */
bool maps_device(const struct model *m, const struct mapping *map, const char *device)
{
	size_t i;

	if (same_device(device, map->dev))
		return true;
	for (i = 0; i < m->nr_bars; i++)
		if (meet(&map->range, m->bars[i].start, m->bars[i].end) &&
		    same_device(device, m->bars[i].device))
			return true;
	return false;
}

/* Who drives it: as far as it says so itself, or its BAR's device does. */
static bool driven(const struct model *m, const struct mapping *map, const char *driver)
{
	const struct pci_bar *bar = map->range.known ? find_bar(m, map->range.start) : NULL;

	return same(map->driver, driver) || same(map->module, driver) ||
	       (bar && same(bar->driver, driver));
}

static bool term_takes(const struct filter *f, size_t i, const struct model *m,
		       const struct mapping *map)
{
	const char *word = f->terms[i].word;

	switch (f->terms[i].key) {
	case FILTER_RANGE:
		return meet(&map->range, f->terms[i].span.start, f->terms[i].span.end);
	case FILTER_ATTR:
		if (!map->got && !strcmp(word, attr_names[PFN_ATTR_UNKNOWN]))
			return true;
		return same(map->got, word) || same(map->want, word);
	case FILTER_KIND:
		return same(map->kind, word);
	case FILTER_DRIVER:
		return driven(m, map, word);
	case FILTER_DEVICE:
		return maps_device(m, map, word);
	case FILTER_PID:
		return map->pid && strtoull(map->pid, NULL, 10) == strtoull(word, NULL, 10);
	case FILTER_COMM:
		return same(map->comm, word);
	case FILTER_COUNT:
		break;
	}
	return false;
}

/**
 * filter_takes() - is a mapping one of those that are asked for?
 * @f: the filter; one without terms takes all
 * @m: the model, with the platform
 * @map: the mapping
 */
bool filter_takes(const struct filter *f, const struct model *m, const struct mapping *map)
{
	unsigned int asked = 0, met = 0;
	size_t i;

	for (i = 0; i < f->nr; i++) {
		asked |= 1u << f->terms[i].key;
		if (term_takes(f, i, m, map))
			met |= 1u << f->terms[i].key;
	}
	return asked == met;
}

/**
 * filter_records() - leave in the model what is asked for
 * @f: the filter
 * @m: the model, with records and the platform
 */
void filter_records(const struct filter *f, struct model *m)
{
	size_t i, n = 0;

	for (i = 0; f->nr && i < m->nr_records; i++)
		if (filter_takes(f, m, &m->records[i]))
			m->records[n++] = m->records[i];
	m->filtered = f->nr;
	if (f->nr)
		m->nr_records = n;
}
