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
#include "pool.h"
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
	char *out;

	/* Most have none. */
	s = strchrnul(s, '\\');
	out = s;
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

static bool store(const struct dump_line *line, const struct dump_field *field, char *value,
		  void *object)
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
	if (!known)
		*(const char **)where = NULL;
	else if (field->type == DUMP_TIME)
		*(const char **)where = pool_once(line->pool, value);
	else
		*(const char **)where = pool_text(line->pool, value);
	return true;
}

static bool is_key(const char *key, const char *prefix, size_t len, const char *name)
{
	/* Most keys differ in the first letter: this is the inner loop. */
	return !strncmp(key, prefix, len) && key[len] == *name && !strcmp(key + len, name);
}

/* The kernel writes the keys in the order in which they are asked for. */
static char *find_value(struct dump_line *line, const char *prefix, size_t len, const char *name,
			bool *twice)
{
	char *value = NULL;
	size_t p;

	if (line->distinct && line->next < line->nr_pairs &&
	    is_key(line->pairs[line->next].key, prefix, len, name))
		return line->pairs[line->next++].value;
	for (p = 0; p < line->nr_pairs; p++) {
		if (!is_key(line->pairs[p].key, prefix, len, name))
			continue;
		*twice = value;
		value = line->pairs[p].value;
		line->next = p + 1;
		if (line->distinct || *twice)
			break;
	}
	return value;
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
	size_t len = strlen(prefix), f;

	for (f = 0; f < n; f++) {
		bool twice = false;
		char *value = find_value(line, prefix, len, fields[f].key, &twice);

		if (twice)
			return fail(
				RC_INTERNAL,
				"%s: line %u: twice the key '%s%s'; the dump is malformed, take it again",
				line->path, line->nr, prefix, fields[f].key);
		if (!value && fields[f].type == DUMP_NEWER)
			continue;
		if (!value)
			return dump_malformed(line, "no key", fields[f].key);
		if (!store(line, &fields[f], value, object))
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
	line->next = 0;
	while (text) {
		char *pair = text, *end = strchrnul(pair, ' ');
		char *equals = memchr(pair, '=', end - pair);

		text = *end ? end + 1 : NULL;
		*end = '\0';
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

static bool distinct(const struct dump_line *line)
{
	size_t i, k;

	for (i = 1; i < line->nr_pairs; i++)
		for (k = 0; k < i; k++)
			if (!strcmp(line->pairs[i].key, line->pairs[k].key))
				return false;
	return true;
}

/* Whether no key is there twice; mostly the keys are those of the line before. */
static void check_keys(struct dump *dump)
{
	struct dump_line *line = &dump->line;
	char *at = dump->keys, *end = dump->keys + sizeof(dump->keys);
	size_t i, len;

	for (i = 0; i < line->nr_pairs && !strcmp(at, line->pairs[i].key); i++)
		at += strlen(at) + 1;
	/* An empty key, which a line cannot have, ends the list. */
	if (i == line->nr_pairs && !*at) {
		line->distinct = dump->keys_distinct;
		return;
	}
	line->distinct = distinct(line);
	dump->keys_distinct = line->distinct;
	for (at = dump->keys, i = 0; i < line->nr_pairs; i++, at += len) {
		len = strlen(line->pairs[i].key) + 1;
		if (len + 1 > (size_t)(end - at))
			break;
		memcpy(at, line->pairs[i].key, len);
	}
	/* One that is not whole stands for no line. */
	if (i < line->nr_pairs)
		at = dump->keys;
	*at = '\0';
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

static int check_end(struct dump *dump, const char *value)
{
	uint64_t promised;

	if (!parse_number(value, 10, &promised) || promised != dump->lines)
		return truncated(dump->line.path, "another number of lines than its end says");
	dump->ended = true;
	return 0;
}

static int take_body(struct dump *dump, char *text)
{
	struct dump_line *line = &dump->line;
	int rc;

	dump->lines++;
	rc = split_line(line, text);
	if (!rc && dump->reader->word && strcmp(line->word, dump->reader->word))
		rc = dump_malformed(line, "unexpected word", line->word);
	if (rc)
		return rc;
	check_keys(dump);
	return dump->reader->body(dump->ctx, line);
}

/**
 * dump_take() - take the next line of a dump
 * @dump: what was read so far
 * @text: the line, without its newline; may be changed
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int dump_take(struct dump *dump, char *text)
{
	struct dump_line *line = &dump->line;
	char *space = strchr(text, ' ');

	if (dump->ended)
		return fail(RC_INTERNAL, "%s goes on after its end line; take it again",
			    line->path);
	line->nr++;
	/* A header's name holds no blank; a body line's word has no colon. */
	if (space && space > text && space[-1] == ':') {
		space[-1] = '\0';
		if (line->nr == 1)
			return check_version(line, text, space + 1);
		if (!strcmp(text, "end"))
			return check_end(dump, space + 1);
		return dump->reader->header(dump->ctx, line, text, space + 1);
	}
	if (line->nr == 1)
		return dump_malformed(line, "no version in", text);
	return take_body(dump, text);
}

/**
 * dump_end() - check that a dump was whole
 * @dump: all that was read
 * @cut: its last line had no newline
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int dump_end(const struct dump *dump, bool cut)
{
	if (dump->ended && !cut)
		return 0;
	if (cut)
		return truncated(dump->line.path, "its last line is cut");
	return truncated(dump->line.path, dump->line.nr ? "it has no end line" : "it is empty");
}
