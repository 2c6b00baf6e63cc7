// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: which mappings are asked for, as words KEY=VALUE. */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filter.h"
#include "main.h"
#include "map.h"
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

#define HEX_DIGITS   "0123456789abcdefABCDEF"
#define IOMEM_DIGITS 8 /* /proc/iomem fills up with zeros to so many */

/*
 * Hexadecimal without 0x: as /proc/iomem writes a range.  Eight decimal digits on
 * both sides are one of its ranges, too, since addresses below 100 MB are seldom
 * written in decimal; with more of them it may be either.
 */
static bool is_iomem(const char *first, const char *last, bool *either)
{
	size_t one = strlen(first), other = strlen(last);
	bool letters = first[strspn(first, "0123456789")] || last[strspn(last, "0123456789")];

	if (one < IOMEM_DIGITS || other < IOMEM_DIGITS || first[strspn(first, HEX_DIGITS)] ||
	    last[strspn(last, HEX_DIGITS)])
		return false;
	*either = !letters && other > IOMEM_DIGITS && *first != '0';
	return !*either;
}

/* So many bare decimal digits as /proc/iomem writes may be hexadecimal ones without 0x. */
static bool may_be_hex(const char *word)
{
	size_t len = strlen(word);

	return strspn(word, "0123456789") == len &&
	       (len == IOMEM_DIGITS || (len > IOMEM_DIGITS && *word == '0'));
}

static bool is_hex(const char *word)
{
	return !strncasecmp(word, "0x", 2);
}

static int parse_ends(const char *first, char how, const char *rest, uint64_t *start,
		      uint64_t *other)
{
	const char *doubt = NULL;
	bool either = false;
	int rc;

	if (how == '-' && is_iomem(first, rest, &either) && parse_number(first, 16, start) &&
	    parse_number(rest, 16, other))
		return 0;
	if (either)
		return fail(
			RC_USAGE,
			"%s-%s may be decimal or hexadecimal; write 0x before hexadecimal numbers, or START+SIZE",
			first, rest);
	if ((how == '+' && may_be_hex(first)) || (how == '-' && is_hex(rest) && may_be_hex(first)))
		doubt = first;
	else if (how == '-' && is_hex(first) && may_be_hex(rest))
		doubt = rest;
	if (doubt)
		return fail(
			RC_USAGE,
			"'%s' may be decimal or hexadecimal; write 0x before it, or a suffix as in 16M",
			doubt);
	rc = parse_address(first, start);
	return rc || !how ? rc : parse_address(rest, other);
}

/**
 * parse_range() - a range of addresses as people write it
 * @word: an address, START-END, START+SIZE, or START-END of /proc/iomem, which has no 0x
 * @span: the result
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int parse_range(const char *word, struct span *span)
{
	char *text = xstrdup(word), *rest = text + strcspn(text, "-+");
	char how = *rest;
	uint64_t other = 0;
	int rc;

	if (how)
		*rest++ = '\0';
	rc = parse_ends(text, how, rest, &span->start, &other);
	if (!rc) {
		span->known = true;
		span->end = !how ? span->start : how == '-' ? other : span->start + (other - 1);
		if (how == '+' && other && span->end < span->start)
			rc = fail(RC_USAGE, "the range '%s' ends beyond 64 bits; make it smaller",
				  word);
		else if (span->end < span->start || (how == '+' && !other))
			rc = fail(RC_USAGE,
				  "the range '%s' is empty; write it like 0x1000-0x1fff or 1M+4K",
				  word);
	}
	free(text);
	return rc;
}

/* A word without a key: a range begins like a number, which may lack its 0x. */
static bool is_range(const char *word)
{
	size_t digits = strspn(word, HEX_DIGITS);

	if (*word >= '0' && *word <= '9')
		return true;
	return digits && strpbrk(word, "0123456789") &&
	       (!word[digits] || word[digits] == '-' || word[digits] == '+');
}

/* The letters that "map" shows for an attribute are as good as its name. */
static const char *attr_by_code(const char *word)
{
	size_t i;

	for (i = 0; attr_names[i]; i++)
		if (!strcasecmp(map_attr_code(attr_names[i]), word))
			return attr_names[i];
	return strcasecmp(word, "UC-") ? word : attr_names[PFN_ATTR_UC_MINUS];
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

static int parse_value(struct filter *f, enum filter_key key, const char *value)
{
	struct filter_term *term = &f->terms[f->nr];
	int rc = 0;

	if (f->nr == MAX_TERMS)
		return fail(RC_USAGE, "more than %d filters; give fewer", MAX_TERMS);
	if (key == FILTER_ATTR)
		value = attr_by_code(value);
	term->key = key;
	term->word = value;
	if (key == FILTER_RANGE)
		rc = parse_range(value, &term->span);
	else if (key == FILTER_ATTR)
		rc = parse_word("attribute", value, attr_word);
	else if (key == FILTER_KIND)
		rc = parse_word("kind", value, kind_word);
	else if (key == FILTER_PID)
		rc = parse_pid(value);
	f->nr++;
	return rc;
}

static int parse_term(struct filter *f, const char *arg)
{
	const char *value = strchr(arg, '=');
	enum filter_key i = 0;
	char *key;
	int rc;

	if (!value && is_range(arg))
		return parse_value(f, FILTER_RANGE, arg);
	key = value ? strndup(arg, value - arg) : xstrdup(arg);
	if (!key)
		die_nomem();
	rc = parse_word("filter", key, key_word);
	if (!rc && (!value || !value[1]))
		rc = fail(RC_USAGE, "'%s' has no value; write it like kind=ioremap", arg);
	while (!rc && strcmp(keys[i], key))
		i++;
	free(key);
	return rc ? rc : parse_value(f, i, value + 1);
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
 * filter_asks() - is there a term of a key?
 * @f: the filter
 * @key: the key
 */
bool filter_asks(const struct filter *f, enum filter_key key)
{
	size_t i;

	for (i = 0; i < f->nr; i++)
		if (f->terms[i].key == key)
			return true;
	return false;
}

/**
 * filter_takes_two() - is a pair of mappings one of those that are asked for?
 * @f: the filter; one without terms takes all
 * @m: the model, with the platform
 * @range: what both of them are about
 * @a: one mapping; each key must be met by it or by the other one
 * @b: the other one, or NULL
 */
bool filter_takes_two(const struct filter *f, const struct model *m, const struct span *range,
		      const struct mapping *a, const struct mapping *b)
{
	unsigned int wanted = 0, met = 0;
	size_t i;

	for (i = 0; i < f->nr; i++) {
		const struct filter_term *term = &f->terms[i];
		bool takes;

		wanted |= 1u << term->key;
		if (term->key == FILTER_RANGE)
			takes = meet(range, term->span.start, term->span.end);
		else
			takes = term_takes(f, i, m, a) || (b && term_takes(f, i, m, b));
		if (takes)
			met |= 1u << term->key;
	}
	return wanted == met;
}

/**
 * filter_takes() - is a mapping one of those that are asked for?
 * @f: the filter; one without terms takes all
 * @m: the model, with the platform
 * @map: the mapping
 */
bool filter_takes(const struct filter *f, const struct model *m, const struct mapping *map)
{
	return filter_takes_two(f, m, &map->range, map, NULL);
}
