// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: text that is safe to show, and what a user typed. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "main.h"
#include "util.h"

/**
 * text_safe() - text that a terminal cannot be hurt by
 * @s: any bytes, for instance a process name
 *
 * Printable ASCII stays; every other byte, and the backslash that would make
 * the result ambiguous, becomes \xNN.
 *
 * Return: a new string.
 */
char *text_safe(const char *s)
{
	char *out = xcalloc(strlen(s) + 1, 4), *p = out;

	for (; *s; s++) {
		unsigned char c = *s;

		if (c >= 0x20 && c < 0x7f && c != '\\')
			*p++ = c;
		else
			p += sprintf(p, "\\x%02x", c);
	}
	return out;
}

/* Length of the well-formed UTF-8 sequence at @s, 0 if there is none. */
static size_t utf8_length(const unsigned char *s)
{
	uint32_t code;
	size_t len, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	code = s[0] & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	/* Overlong forms, surrogates, and what lies beyond Unicode. */
	if ((len == 3 && code < 0x800) || (code >= 0xd800 && code < 0xe000) ||
	    (len == 4 && code < 0x10000) || code > 0x10ffff)
		return 0;
	return len;
}

/* Does this character change the direction of what follows it, or end a line? */
static bool turns_text(const unsigned char *s)
{
	/* U+061C */
	if (s[0] == 0xd8)
		return s[1] == 0x9c;
	if (s[0] != 0xe2)
		return false;
	/* U+200E, U+200F, U+2028 to U+202E; U+2066 to U+206F */
	return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xaf);
}

/**
 * text_control() - is there a character that controls a terminal?
 * @s: UTF-8
 *
 * These are C0, DEL, C1 (U+009B is the CSI of many terminals) and those that
 * change the direction of text.
 *
 * Return: how many bytes it has, 0 for any other character and for the end.
 */
size_t text_control(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if ((*u && *u < 0x20) || *u == 0x7f)
		return 1;
	if (*u == 0xc2 && u[1] >= 0x80 && u[1] < 0xa0)
		return 2;
	if (!turns_text(u))
		return 0;
	return *u < 0xe0 ? 2 : 3;
}

/* The number of a character of @len bytes, which is at most 3. */
static unsigned int code_of(const unsigned char *s, size_t len)
{
	if (len == 1)
		return s[0];
	if (len == 2)
		return (s[0] & 0x1f) << 6 | (s[1] & 0x3f);
	return (s[0] & 0xf) << 12 | (s[1] & 0x3f) << 6 | (s[2] & 0x3f);
}

/**
 * text_json() - print JSON so that a terminal cannot be hurt by it
 * @out: where to
 * @json: UTF-8; bytes that are not ASCII stand within strings
 *
 * json-c escapes C0 alone.  The value of each string stays the same.
 */
void text_json(FILE *out, const char *json)
{
	const char *from = json, *at = json;
	size_t len;

	while (*at) {
		/* Most bytes: this is the inner loop. */
		len = (unsigned char)*at < 0x7f ? 0 : text_control(at);
		if (!len) {
			at++;
			continue;
		}
		fwrite(from, 1, at - from, out);
		fprintf(out, "\\u%04x", code_of((const unsigned char *)at, len));
		at += len;
		from = at;
	}
	fwrite(from, 1, at - from, out);
}

/**
 * text_utf8() - text that JSON can carry
 * @s: any bytes
 *
 * Return: a new string of valid UTF-8; each byte that was not is U+FFFD.
 */
char *text_utf8(const char *s)
{
	char *out = xcalloc(strlen(s) + 1, 3), *p = out;

	while (*s) {
		size_t len = utf8_length((const unsigned char *)s);

		if (len) {
			memcpy(p, s, len);
			p += len;
			s += len;
		} else {
			memcpy(p, "\xef\xbf\xbd", 3);
			p += 3;
			s++;
		}
	}
	return out;
}

/**
 * text_size() - a size as people write it
 * @bytes: the size
 *
 * Return: a new string such as 4K or 1.5M, cut (not rounded) to one decimal;
 * plain bytes if --bytes was given.
 */
char *text_size(uint64_t bytes)
{
	const char *unit = "BKMGTPE";
	uint64_t whole = bytes, rest = 0;

	if (opts.bytes)
		return xasprintf("%llu", (unsigned long long)bytes);
	for (; whole >= 1024; unit++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	if (rest * 10 / 1024)
		return xasprintf("%llu.%llu%c", (unsigned long long)whole,
				 (unsigned long long)(rest * 10 / 1024), *unit);
	return xasprintf("%llu%c", (unsigned long long)whole, *unit);
}

/**
 * parse_number() - a number and nothing else
 * @s: digits; with @base 16 after "0x" (or without)
 * @base: 10 or 16
 * @value: the result
 *
 * strtoull() alone would take a sign, blanks, and an empty string.
 *
 * Return: false if @s is no number or needs more than 64 bits.
 */
bool parse_number(const char *s, int base, uint64_t *value)
{
	const char *digits = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";

	if (base == 16 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		s += 2;
	if (!*s || s[strspn(s, digits)])
		return false;
	errno = 0;
	*value = strtoull(s, NULL, base);
	return !errno;
}

/* Cut a suffix such as K, k or KiB.  Return: by how many bits it shifts. */
static unsigned int cut_suffix(char *digits)
{
	static const char suffixes[] = "KMGT";
	size_t len = strlen(digits);
	const char *at;

	if (len > 3 && !strcasecmp(digits + len - 2, "iB"))
		len -= 2;
	at = len > 1 ? strchr(suffixes, toupper((unsigned char)digits[len - 1])) : NULL;
	if (!at)
		return 0;
	digits[len - 1] = '\0';
	return 10 * (at - suffixes + 1);
}

/**
 * parse_address() - an address as people write it
 * @arg: like 0xfebc0000, 4G, 4g or 4GiB
 * @address: the result
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int parse_address(const char *arg, uint64_t *address)
{
	char *digits = xstrdup(arg);
	bool hex = !strncasecmp(digits, "0x", 2), good;
	size_t len = strlen(digits);
	unsigned int shift = hex ? 0 : cut_suffix(digits);

	good = parse_number(digits, hex ? 16 : 10, address) && *address <= UINT64_MAX >> shift;
	/* Addresses are often copied from /proc/iomem, where they have no 0x. */
	if (!good && digits[0] && strspn(digits, "0123456789abcdefABCDEF") == len)
		fail(RC_USAGE, "'%s' is no address of 64 bits; hexadecimal ones begin with 0x",
		     arg);
	else if (!good)
		fail(RC_USAGE, "'%s' is no address of 64 bits; write it like 0xfebc0000 or 4G",
		     arg);
	free(digits);
	*address <<= good ? shift : 0;
	return good ? RC_CLEAN : RC_USAGE;
}

/* Edit distance, with one row of the matrix; words longer than it never match. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], la = strlen(a), lb = strlen(b), i, j;

	if (lb >= ARRAY_SIZE(row))
		return SIZE_MAX;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			size_t above = row[j];
			size_t best = diagonal + !!strncasecmp(a + i - 1, b + j - 1, 1);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[lb];
}

/**
 * nearest() - the known word that a mistyped one most likely meant
 * @word: what was typed
 * @name: gives the known words by index, NULL after the last
 *
 * Return: one of the known words, or NULL if none is near.
 */
const char *nearest(const char *word, const char *(*name)(size_t i))
{
	const char *found = NULL, *candidate;
	size_t best = 3, i;

	for (i = 0; (candidate = name(i)); i++) {
		size_t d = distance(word, candidate);

		/* Two typos in a three-letter word are another word. */
		if (d < best && 2 * d < strlen(candidate)) {
			best = d;
			found = candidate;
		}
	}
	return found;
}
