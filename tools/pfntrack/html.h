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
void map_write_names(FILE *out, const struct map *map);

#endif /* PFNTRACK_HTML_H */
