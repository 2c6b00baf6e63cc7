/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: text that is safe within HTML. */
#ifndef PFNTRACK_HTML_H
#define PFNTRACK_HTML_H

#include <stdio.h>

#include "map.h"
#include "util.h"

void html_text(FILE *out, const char *s);
void html_text_and_free(FILE *out, char *s);
void html_printf(FILE *out, const char *fmt, ...) PRINTF(2, 3);
const char *attr_class(const char *word);
void map_write_svg(FILE *out, const struct map *map);
void map_write_axis(FILE *out, const struct map *map);
void map_write_table(FILE *out, const struct map *map);

/* print_map_svg.c: shared by the parts of the page */
void map_write_svg_start(FILE *out, const struct map *map, const char *name, int height,
			 const char *label);
void map_write_range(FILE *out, const struct span *range);
void map_write_owner(FILE *out, const struct mapping *r);
const char *map_mark_class(const struct map_mark *mark);
void map_band(const struct map_mark *mark, double *x, double *width);
void map_write_names(FILE *out, const struct map *map);

#endif /* PFNTRACK_HTML_H */
