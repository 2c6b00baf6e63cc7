// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack map: what fits into the width of a terminal. */

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "map_sheet.h"
#include "util.h"

static bool empty(const struct sheet *sheet, size_t lane)
{
	size_t i;

	for (i = 0; i < sheet->nr_rows; i++)
		if (*sheet->rows[i].cells[lane].text)
			return false;
	return true;
}

/**
 * sheet_before_lanes() - the width of range and size, with the blank behind each
 * @sheet: with its widths
 */
int sheet_before_lanes(const struct sheet *sheet)
{
	return sheet->range_width + 1 + sheet->size_width + 1;
}

/**
 * sheet_line_len() - how much of a text goes on one line
 * @text: the text
 * @width: of the line
 *
 * Return: the characters up to the last blank that fits, or as many as fit.
 */
int sheet_line_len(const char *text, int width)
{
	int len = strlen(text), i;

	if (len <= width)
		return len;
	for (i = width; i > 0; i--)
		if (text[i] == ' ')
			return i;
	return width;
}

/**
 * sheet_fit() - choose the lanes that fit into the width of the terminal
 * @sheet: with its rows and widths
 *
 * Everything fits into what is no terminal.  Before a lane is left out, empty ones
 * are, the mark moves below its row, and what lies there is wrapped.
 */
void sheet_fit(struct sheet *sheet)
{
	int left, all = 0, last = sheet->nr_cells - 1, i;
	struct winsize size;

	sheet->hidden = xcalloc(sheet->nr_cells, sizeof(*sheet->hidden));
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return;
	for (i = 0; i <= last; i++)
		all += sheet->widths[i] + !!i;
	left = size.ws_col - sheet_before_lanes(sheet);
	if (all <= left)
		return;
	sheet->narrow = true;
	left -= MIN_WHAT;
	for (i = 1; i < last; i++) {
		sheet->hidden[i] = empty(sheet, i) || sheet->widths[i] + 1 > left;
		if (!sheet->hidden[i])
			left -= sheet->widths[i] + 1;
		else
			sheet->missing += !empty(sheet, i);
	}
	i = MIN_WHAT + (left > 0 ? left : 0);
	if (sheet->widths[0] > i)
		sheet->widths[0] = i;
}
