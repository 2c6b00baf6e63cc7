/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: writes a file that a user named. */
#ifndef PFNTRACK_REPLACE_H
#define PFNTRACK_REPLACE_H

#include <stdbool.h>
#include <stddef.h>

int replace_file(const char *path, const char *text, size_t len, bool keep);
bool replace_is_stdout(const char *path);

#endif /* PFNTRACK_REPLACE_H */
