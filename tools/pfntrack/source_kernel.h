/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: data from a kernel with pfn_track, running or captured with --root. */
#ifndef PFNTRACK_SOURCE_KERNEL_H
#define PFNTRACK_SOURCE_KERNEL_H

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

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
#define LOAD_ALIASES   (1u << 7) /* with the records */

struct snapshot_count {
	uint64_t files, bytes, masked; /* kernel addresses that were replaced */
};

/* What a snapshot took. */
struct snapshot {
	const char *dir;
	struct snapshot_count *count;
	FILE *list; /* of the files, while it is taken */
	/* The directory, its name in the one above it, and whether it is new. */
	int fd, parent;
	char *name;
	bool made;
	mode_t mode; /* that it had, if it was there and is made private; or 0 */
};

bool source_debugfs_mounted(void);
int kernel_load(struct model *m, unsigned int what);

/* source.c: whichever source there is */
int source_load(struct model *m, unsigned int what);

/* source_proc.c: any kernel, by /proc and sysfs */
#define PROC_VMALLOC "/proc/vmallocinfo"
#define PROC_MEMTYPE "/sys/kernel/debug/x86/pat_memtype_list"
#define PROC_ARCH    "/proc/sys/kernel/arch"
int proc_load(struct model *m, unsigned int what);
const char *proc_arch(struct model *m);
char *source_text(struct model *m, const char *path, int *err);

/* source_proc_maps.c: what processes map */
struct area {
	struct span va;
	uint64_t offset, page;
	const char *head;  /* its first line */
	const char *file;  /* NULL: none */
	const char *flags; /* as VmFlags has them, each behind a blank */
};

int proc_areas(const char *pid, int (*take)(void *ctx, const struct area *area), void *ctx);
int proc_each_process(int (*take)(void *ctx, const char *pid), void *ctx);
void proc_maps_load(struct model *m);

/* source_proc_files.c */
bool proc_place(struct model *m, const struct area *area, struct mapping *map);

/* source_proc_memtype.c: x86's own list */
struct memtypes;
struct memtypes *memtypes_load(struct model *m);
const char *memtype_of(const struct memtypes *list, const struct span *range);
void memtypes_add_orphans(struct model *m, const struct memtypes *list);
void memtypes_free(struct memtypes *list);

/* source_root.c: files of this machine, or below --root; paths are those on the machine */
bool source_enter_root(void);
int source_open_file(const char *path, int flags);
DIR *source_opendir(const char *path);
int source_stat(const char *path, struct stat *st);
bool source_readlink(const char *path, char *target, size_t size);
bool source_follows_links(void);

/* source_files.c: how large a file may be, and its name in messages */
#define MAX_WORD  4096
#define MAX_TABLE (64ul << 20)
#define MAX_DUMP  (512ul << 20) /* two million records */
char *source_path(const char *path);
int source_read(const char *path, size_t max, char **text, size_t *len);
int source_lines(const char *path, size_t max, int (*take)(void *ctx, char *line), void *ctx,
		 bool *cut, int *rc);
int source_open_failed(const char *path, int err);

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
bool snapshot_unfinished(void);
int snapshot_check(void);
uint64_t snapshot_page(void);
int snapshot_write(struct snapshot *s);
int snapshot_put(struct snapshot *s, const char *path, char *text, size_t len);

/* source_snapshot_dir.c: the directory that it is written into; paths are those on the machine */
int snapshot_dir_open(struct snapshot *s);
int snapshot_dir_write(const struct snapshot *s, const char *path, const char *text, size_t len);
int snapshot_dir_link(const struct snapshot *s, const char *path, const char *target);
int snapshot_dir_unlink(const struct snapshot *s, const char *path);
void snapshot_dir_remove(const struct snapshot *s);
void snapshot_dir_close(struct snapshot *s);

/* source_snapshot_list.c: what a snapshot holds, and what it keeps of /proc */
#define SNAPSHOT_LIST    "/pfntrack.list"
#define SNAPSHOT_VERSION 1
int snapshot_proc(struct snapshot *s);

/* source_platform.c */
void platform_load(struct model *m);

#endif /* PFNTRACK_SOURCE_KERNEL_H */
