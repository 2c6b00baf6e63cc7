/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: data from a kernel with pfn_track, running or captured with --root. */
#ifndef PFNTRACK_SOURCE_KERNEL_H
#define PFNTRACK_SOURCE_KERNEL_H

#include "dump.h"
#include "model.h"

#define PFN_SYSFS      "/sys/kernel/mm/pfn_track"
#define PFN_DEBUGFS    "/sys/kernel/debug/pfn_track"

#define LOAD_SYSFS     (1u << 0)
#define LOAD_RECORDS   (1u << 1)
#define LOAD_CONFLICTS (1u << 2)
#define LOAD_COVERAGE  (1u << 3)
#define LOAD_PLATFORM  (1u << 4)
#define LOAD_AUDIT     (1u << 5)
#define LOAD_LEAKS     (1u << 6)

int source_load(struct model *m, unsigned int what);

/* source_files.c: the way to a file below --root */
char *source_path(const char *path);
int source_read(const char *path, char **text, size_t *len);
int source_open_failed(const char *path, int err);

void *source_append(void *array, size_t *n, size_t size);
int source_dump(struct model *m, const char *name, const struct dump_reader *reader, void *ctx);
int source_header(void *ctx, const struct dump_line *line, char *name, char *value);

/* source_audit.c */
int audit_load(struct model *m);
int leaks_load(struct model *m);

/* source_platform.c */
void platform_load(struct model *m);

#endif /* PFNTRACK_SOURCE_KERNEL_H */
