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

/* What a snapshot took. */
struct snapshot {
	const char *dir;
	uint64_t files, bytes;
};

bool source_debugfs_mounted(void);
int source_load(struct model *m, unsigned int what);

/* source_files.c: the way to a file below --root, and how large one may be */
#define MAX_WORD  4096
#define MAX_TABLE (64ul << 20)
#define MAX_DUMP  (1024ul << 20)
char *source_path(const char *path);
int source_read(const char *path, size_t max, char **text, size_t *len);
int source_open_failed(const char *path, int err);

void *source_append(void *array, size_t *n, size_t size);
int source_dump(struct model *m, const char *name, const struct dump_reader *reader, void *ctx);
int source_header(void *ctx, const struct dump_line *line, char *name, char *value);

/* source_audit.c */
void audit_notice(void);
int audit_load(struct model *m);
int leaks_load(struct model *m);

/* source_features.c */
int features_load(struct model *m);

/* source_policy.c */
int policy_set(const char *kind, const char *policy);

/* source_snapshot.c: one of a machine, and the mark of one that is not whole */
bool snapshot_unfinished(const char *dir);
int snapshot_write(const char *dir, struct snapshot *snapshot);

/* source_platform.c */
void platform_load(struct model *m);

#endif /* PFNTRACK_SOURCE_KERNEL_H */
