// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: text that is safe within HTML, in elements and in attributes. */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

/* Does a character of three bytes turn the direction of what follows it? */
static bool turns_text(const unsigned char *s)
{
	if (s[0] != 0xe2)
		return false;
	/* U+200E, U+200F, U+2028 to U+202E; U+2066 to U+2069 */
	return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	       (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

/* How many bytes at @s are better shown by their numbers. */
static size_t odd_bytes(const unsigned char *s)
{
	if ((*s < 0x20 && *s != '\n') || *s == 0x7f)
		return 1;
	if (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0)
		return 2;
	return turns_text(s) ? 3 : 0;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

/**
 * html_text() - write a text
 * @out: where to
 * @s: any bytes; what is not UTF-8 becomes U+FFFD, and controls \xNN
 */
void html_text(FILE *out, const char *s)
{
	char *clean = text_utf8(s);
	const unsigned char *p = (const unsigned char *)clean;

	while (*p) {
		size_t odd = odd_bytes(p);

		for (; odd; odd--)
			fprintf(out, "\\x%02x", *p++);
		/* Behind odd bytes may stand more of them, or the end. */
		if (!*p || odd_bytes(p))
			continue;
		if (entity(*p))
			fputs(entity(*p), out);
		else
			fputc(*p, out);
		p++;
	}
	free(clean);
}

/**
 * html_text_and_free() - html_text() that frees its argument
 * @out: where to
 * @s: allocated
 */
void html_text_and_free(FILE *out, char *s)
{
	html_text(out, s);
	free(s);
}

/**
 * html_printf() - html_text() of what printf() would print
 * @out: where to
 * @fmt: as for printf()
 */
void html_printf(FILE *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	html_text_and_free(out, xvasprintf(fmt, ap));
	va_end(ap);
}

/**
 * attr_class() - the style of an attribute, as the template names it
 * @word: its spelling, or NULL
 *
 * Return: one of the words of the vocabulary, never a foreign text.
 */
const char *attr_class(const char *word)
{
	size_t i;

	for (i = 0; word && attr_names[i]; i++)
		if (!strcmp(word, attr_names[i]))
			return attr_names[i];
	return attr_names[PFN_ATTR_UNKNOWN];
}
