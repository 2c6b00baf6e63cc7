// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: text that is safe within HTML, in elements and in attributes. */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"

/* How many bytes at @s are better shown by their numbers. */
static size_t odd_bytes(const unsigned char *s)
{
	return *s == '\n' ? 0 : text_control((const char *)s);
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

		if (odd) {
			for (; odd; odd--)
				fprintf(out, "\\x%02x", *p++);
			continue;
		}
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
