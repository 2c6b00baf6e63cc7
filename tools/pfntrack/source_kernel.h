/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: data from a kernel with pfn_track, running or captured with --root. */
#ifndef PFNTRACK_SOURCE_KERNEL_H
#define PFNTRACK_SOURCE_KERNEL_H

#include "model.h"

#define LOAD_SYSFS     (1u << 0)
#define LOAD_RECORDS   (1u << 1)
#define LOAD_CONFLICTS (1u << 2)
#define LOAD_COVERAGE  (1u << 3)
#define LOAD_PLATFORM  (1u << 4)

int source_load(struct model *m, unsigned int what);

/* source_files.c: the way to a file below --root */
char *source_path(const char *path);
int source_read(const char *path, char **text, size_t *len);
int source_open_failed(const char *path, int err);

/* source_platform.c */
void platform_load(struct model *m);

#endif /* PFNTRACK_SOURCE_KERNEL_H */
