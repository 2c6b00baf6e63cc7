// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the grammar of the versioned dumps.
 *
 * A dump may come from a running kernel, from an interrupted copy, or from
 * someone who wishes us ill.  It is accepted as a whole or refused as a whole:
 * half a list would look like a clean machine.
 */

#include <string.h>

#include "dump.h"
#include "main.h"
#include "model.h"
#include "util.h"

/**
 * dump_malformed() - refuse a dump because of one line
 * @line: the line
 * @what: what is wrong
 * @text: the words it is wrong about
 *
 * Return: the exit code.
 */
int dump_malformed(const struct dump_line *line, const char *what, const char *text)
{
	return fail(RC_INTERNAL, "%s: line %u: %s '%.80s'; the dump is malformed, take it again",
		    line->path, line->nr, what, text);
}

static int truncated(const char *path, const char *how)
{
	return fail(RC_INTERNAL, "%s is truncated (%s); take it again", path, how);
}

/* Undo the octal escapes in place.  The text can only shrink. */
static bool decode(char *s)
{
	char *out = s;

	while (*s) {
		unsigned int byte;

		if (*s != '\\') {
			*out++ = *s++;
			continue;
		}
		if (s[1] < '0' || s[1] > '3' || s[2] < '0' || s[2] > '7' || s[3] < '0' ||
		    s[3] > '7')
			return false;
		byte = (s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0');
		if (!byte)
			return false;
		*out++ = byte;
		s += 4;
	}
	*out = '\0';
	return true;
}

static bool parse_span(char *s, struct span *span)
{
	char *dash = strchr(s, '-');

	if (!dash || strncmp(s, "0x", 2) || strncmp(dash + 1, "0x", 2))
		return false;
	*dash = '\0';
	span->known = parse_number(s, 16, &span->start) && parse_number(dash + 1, 16, &span->end) &&
		      span->start <= span->end;
	*dash = '-';
	return span->known;
}

/* Digits, with one point and more digits after it: what JSON can take as it is. */
static bool is_time(const char *s)
{
	size_t whole = strspn(s, "0123456789");
	size_t part;

	if (!whole || (whole > 1 && s[0] == '0'))
		return false;
	if (!s[whole])
		return true;
	part = strspn(s + whole + 1, "0123456789");
	return s[whole] == '.' && part && !s[whole + 1 + part];
}

static bool store(const struct dump_field *field, char *value, void *object)
{
	void *where = (char *)object + field->offset;
	bool known = strcmp(value, "-");
	uint64_t number;

	switch (field->type) {
	case DUMP_NUMBER:
		return parse_number(value, 10, where);
	case DUMP_BOOL:
		*(bool *)where = !strcmp(value, "yes");
		return *(bool *)where || !strcmp(value, "no");
	case DUMP_RANGE:
		return parse_span(value, where);
	case DUMP_SPAN:
		return !known || parse_span(value, where);
	case DUMP_PID:
		if (known && (!parse_number(value, 10, &number) || number > INT32_MAX))
			return false;
		break;
	case DUMP_TIME:
		if (known && !is_time(value))
			return false;
		break;
	case DUMP_TEXT:
	case DUMP_NEWER:
		if (!decode(value))
			return false;
		break;
	}
	*(const char **)where = known ? value : NULL;
	return true;
}

/**
 * dump_fields() - store the values of one line in an object
 * @line: the line; its values are decoded in place
 * @fields: what to store where
 * @n: number of @fields
 * @prefix: stands before each key, as "held."
 * @object: what the offsets are relative to
 *
 * Every field must be there, once, unless it is newer than the kernel.  Keys that are not asked for
 * are skipped: a newer kernel may say more.
 *
 * Return: 0 or an exit code.
 */
int dump_fields(struct dump_line *line, const struct dump_field *fields, size_t n,
		const char *prefix, void *object)
{
	size_t len = strlen(prefix), f, p;

	for (f = 0; f < n; f++) {
		char *value = NULL;

		for (p = 0; p < line->nr_pairs; p++) {
			const char *key = line->pairs[p].key;

			/* Most keys differ in the first letter: this is the inner loop. */
			if (strncmp(key, prefix, len) || key[len] != *fields[f].key ||
			    strcmp(key + len, fields[f].key))
				continue;
			if (value)
				return dump_malformed(line, "twice the key", key);
			value = line->pairs[p].value;
		}
		if (!value && fields[f].type == DUMP_NEWER)
			continue;
		if (!value)
			return dump_malformed(line, "no key", fields[f].key);
		if (!store(&fields[f], value, object))
			return dump_malformed(line, fields[f].key, value);
	}
	return 0;
}

/**
 * dump_has() - whether a line has a key, which older kernels do not write
 * @line: the line
 * @key: the key
 */
bool dump_has(const struct dump_line *line, const char *key)
{
	size_t p;

	for (p = 0; p < line->nr_pairs; p++)
		if (!strcmp(line->pairs[p].key, key))
			return true;
	return false;
}

/* Cut a body line into its word and its pairs. */
static int split_line(struct dump_line *line, char *text)
{
	line->word = strsep(&text, " ");
	line->nr_pairs = 0;
	while (text) {
		char *pair = strsep(&text, " ");
		char *equals = strchr(pair, '=');

		if (!equals || equals == pair)
			return dump_malformed(line, "no key=value in", pair);
		if (line->nr_pairs == DUMP_MAX_KEYS)
			return dump_malformed(line, "too many keys before", pair);
		*equals = '\0';
		line->pairs[line->nr_pairs].key = pair;
		line->pairs[line->nr_pairs++].value = equals + 1;
	}
	return 0;
}

static int check_version(const struct dump_line *line, const char *name, const char *value)
{
	uint64_t version;

	if (strcmp(name, "version") || !parse_number(value, 10, &version) || !version)
		return dump_malformed(line, "no version in", name);
	if (version > PFN_TRACK_FORMAT_VERSION)
		return fail(
			RC_UNSUPPORTED,
			"%s has format version %s, this pfntrack reads %d; use the one that came with the kernel",
			line->path, value, PFN_TRACK_FORMAT_VERSION);
	return 0;
}

static int check_end(const char *path, const char *value, uint64_t lines, const char *rest)
{
	uint64_t promised;

	if (!parse_number(value, 10, &promised) || promised != lines)
		return truncated(path, "another number of lines than its end says");
	if (*rest)
		return fail(RC_INTERNAL, "%s goes on after its end line; take it again", path);
	return 0;
}

/**
 * dump_parse() - read a whole dump
 * @text: the dump, NUL terminated; strings that are stored point into it
 * @len: its length
 * @path: where it came from, for messages
 * @reader: what to do with its lines
 * @ctx: handed to the reader
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int dump_parse(char *text, size_t len, const char *path, const struct dump_reader *reader,
	       void *ctx)
{
	struct dump_line line = { .path = path };
	uint64_t body = 0;
	int rc;

	if (!len)
		return truncated(path, "it is empty");
	if (text[len - 1] != '\n')
		return truncated(path, "its last line is cut");

	while (*text) {
		char *start = strsep(&text, "\n");
		char *colon = strstr(start, ": ");
		char *space = strchr(start, ' ');

		line.nr++;
		/* A header's name holds no blank; a body line's word has no colon. */
		if (colon && colon + 1 == space) {
			*colon = '\0';
			if (line.nr == 1)
				rc = check_version(&line, start, colon + 2);
			else if (!strcmp(start, "end"))
				return check_end(path, colon + 2, body, text);
			else
				rc = reader->header(ctx, &line, start, colon + 2);
		} else if (line.nr == 1) {
			rc = dump_malformed(&line, "no version in", start);
		} else {
			body++;
			rc = split_line(&line, start);
			if (!rc && reader->word && strcmp(line.word, reader->word))
				rc = dump_malformed(&line, "unexpected word", line.word);
			if (!rc)
				rc = reader->body(ctx, &line);
		}
		if (rc)
			return rc;
	}
	return truncated(path, "it has no end line");
}
