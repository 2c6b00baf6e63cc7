// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what stands in the cells of tables, safe to show. */

#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "main.h"
#include "util.h"

/**
 * put_bytes() - append to a cell what is safe already
 * @cell: the cell
 * @s: the bytes
 * @len: how many
 */
void put_bytes(struct cell *cell, const char *s, size_t len)
{
	if (cell->len + len + 1 > cell->room) {
		cell->room = 2 * (cell->len + len) + 64;
		cell->text = xrealloc(cell->text, cell->room, 1);
	}
	memcpy(cell->text + cell->len, s, len);
	cell->len += len;
	cell->text[cell->len] = '\0';
}

static bool is_safe(unsigned char c)
{
	/* Raw cells are words. */
	return c > (opts.raw ? 0x20 : 0x1f) && c < 0x7f && c != '\\';
}

/**
 * put_text() - append a text, escaped
 * @cell: the cell
 * @s: any bytes; NULL is a dash
 */
void put_text(struct cell *cell, const char *s)
{
	static const char digits[] = "0123456789abcdef";
	const char *from;

	if (!s) {
		put_bytes(cell, "-", 1);
		return;
	}
	while (*s) {
		for (from = s; is_safe(*s); s++)
			;
		put_bytes(cell, from, s - from);
		if (*s) {
			unsigned char c = *s++;
			const char odd[] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

			put_bytes(cell, odd, sizeof(odd));
		}
	}
	/* A cell without any text has room for the NUL, too. */
	put_bytes(cell, "", 0);
}

static void put_digits(struct cell *cell, uint64_t n, unsigned int base)
{
	char text[24], *p = text + sizeof(text);

	do
		*--p = "0123456789abcdef"[n % base];
	while (n /= base);
	put_bytes(cell, p, text + sizeof(text) - p);
}

/**
 * put_number() - append a number
 * @cell: the cell
 * @n: the number
 */
void put_number(struct cell *cell, uint64_t n)
{
	put_digits(cell, n, 10);
}

/**
 * put_size() - append a size
 * @cell: the cell
 * @bytes: the size
 */
void put_size(struct cell *cell, uint64_t bytes)
{
	char *text = text_size(bytes);

	put_bytes(cell, text, strlen(text));
	free(text);
}

/**
 * put_range() - append a range as the dumps write it
 * @cell: the cell
 * @s: the range
 */
void put_range(struct cell *cell, const struct span *s)
{
	if (!s->known) {
		put_text(cell, NULL);
		return;
	}
	put_bytes(cell, "0x", 2);
	put_digits(cell, s->start, 16);
	put_bytes(cell, "-0x", 3);
	put_digits(cell, s->end, 16);
}

/**
 * put_attr() - append the attribute, and the one that was wanted if it is another
 * @cell: the cell
 * @map: the mapping
 */
void put_attr(struct cell *cell, const struct mapping *map)
{
	/* "write-combining>-": what it got is not known. */
	if (mapping_downgraded(map) || (!map->got && map->want)) {
		put_text(cell, map->want);
		put_bytes(cell, ">", 1);
	}
	put_text(cell, map->got);
}

/**
 * cell_text() - a text as it may stand in a cell
 * @s: any bytes, or NULL
 *
 * Return: a new string.
 */
char *cell_text(const char *s)
{
	struct cell cell = { 0 };

	put_text(&cell, s);
	return cell.text;
}

/**
 * cell_range() - a range as the dumps write it
 * @s: the range
 *
 * Return: a new string.
 */
char *cell_range(const struct span *s)
{
	struct cell cell = { 0 };

	put_range(&cell, s);
	return cell.text;
}

/**
 * cell_attr() - the attribute, and the one that was wanted if it is another
 * @map: the mapping
 *
 * Return: a new string.
 */
char *cell_attr(const struct mapping *map)
{
	struct cell cell = { 0 };

	put_attr(&cell, map);
	return cell.text;
}
