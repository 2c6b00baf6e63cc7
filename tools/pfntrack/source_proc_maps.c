// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: what processes map, from /proc/PID/smaps.
 *
 * An area with the flag pf maps page frames, not files; see source_proc_files.c.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

#define PAGE_FRAMES " pf"

static char *read_of(const char *pid, const char *name, int *err)
{
	char *path = xasprintf("/proc/%s/%s", pid, name), *text = NULL;
	size_t len;

	*err = source_read(path, MAX_DUMP, &text, &len);
	free(path);
	if (*err == ENOMEM)
		die_nomem();
	return *err ? NULL : text;
}

/*
 * Reading smaps walks page tables, which takes long where much memory is
 * mapped; maps does not.  So it is read for those only that have an area of a
 * file that could be a device's.
 */
static bool worth_reading(const char *pid)
{
	static const char *const begins[] = { " /dev/",      " /sys/",       " /proc/",
					      " anon_inode", " /anon_inode", " /dmabuf" };
	int err;
	char *text = read_of(pid, "maps", &err), *line, *rest = text;
	bool found = false;
	size_t i;

	if (!text)
		return true;
	while (!found && (line = strsep(&rest, "\n")))
		for (i = 0; !found && i < ARRAY_SIZE(begins); i++)
			found = strstr(line, begins[i]) && !strstr(line, " /dev/shm/") &&
				!strstr(line, " /dev/zero");
	free(text);
	return found;
}

/* The head of an area: "START-END PERM OFFSET DEV INODE    FILE" */
static bool parse_head(char *line, struct area *area)
{
	unsigned long long start, end, offset;
	int file = 0;

	if (sscanf(line, "%llx-%llx %*4s %llx %*x:%*x %*u %n", &start, &end, &offset, &file) < 3 ||
	    !file || end <= start)
		return false;
	*area = (struct area){ .va = { true, start, end - 1 }, .offset = offset, .head = line };
	area->file = line[file] ? line + file : NULL;
	return true;
}

/**
 * proc_areas() - the areas of a process that map page frames
 * @pid: the process; one that is gone, or a thread of the kernel, has none
 * @take: is given each; returns 0 or an exit code
 * @ctx: handed to it
 *
 * Return: 0, -1 if the process may not be looked at, or what @take returned.
 */
int proc_areas(const char *pid, int (*take)(void *ctx, const struct area *area), void *ctx)
{
	char *text, *line, *rest;
	struct area area = { 0 };
	unsigned long long kib;
	bool head = false;
	int err, rc = 0;

	if (!*opts.root && !worth_reading(pid))
		return 0;
	rest = text = read_of(pid, "smaps", &err);
	if (!text)
		return err == EACCES || err == EPERM ? -1 : 0;
	while (!rc && (line = strsep(&rest, "\n"))) {
		if (parse_head(line, &area))
			head = true;
		else if (head && sscanf(line, "KernelPageSize: %llu kB", &kib) == 1)
			area.page = kib * 1024;
		if (!head || strncmp(line, "VmFlags:", 8))
			continue;
		head = false;
		area.flags = line + 8;
		/* What the kernel maps into all of them, such as [vvar], is not of interest. */
		if (strstr(area.flags, PAGE_FRAMES) && area.file && *area.file != '[')
			rc = take(ctx, &area);
	}
	free(text);
	return rc;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = 0, y = 0;

	parse_number(*(const char *const *)a, 10, &x);
	parse_number(*(const char *const *)b, 10, &y);
	return x < y ? -1 : x > y;
}

/**
 * proc_each_process() - go through all processes, in the order of their numbers
 * @take: is given each; returns 0 or an exit code
 * @ctx: handed to it
 *
 * Return: 0, or what @take returned.
 */
int proc_each_process(int (*take)(void *ctx, const char *pid), void *ctx)
{
	DIR *dir = source_opendir("/proc");
	char **pids = NULL;
	size_t nr = 0, i;
	struct dirent *entry;
	uint64_t number;
	int rc = 0;

	while (dir && (entry = readdir(dir)))
		if (parse_number(entry->d_name, 10, &number) && number <= INT32_MAX)
			*(char **)xappend(&pids, &nr, sizeof(*pids)) = xstrdup(entry->d_name);
	if (dir)
		closedir(dir);
	if (nr)
		qsort(pids, nr, sizeof(*pids), by_number);
	for (i = 0; i < nr; i++) {
		if (!rc)
			rc = take(ctx, pids[i]);
		free(pids[i]);
	}
	free(pids);
	return rc;
}

/* A process while its areas are read. */
struct process {
	struct model *m;
	const char *pid, *comm;
};

static int take_area(void *ctx, const struct area *area)
{
	struct process *p = ctx;
	struct model *m = p->m;
	struct mapping *map = xappend(&m->records, &m->nr_records, sizeof(*map));
	char *comm;
	int err;

	if (!p->comm && (comm = read_of(p->pid, "comm", &err))) {
		comm[strlen(comm) - (*comm && comm[strlen(comm) - 1] == '\n')] = '\0';
		p->comm = model_keep(m, comm);
	}
	map->va = area->va;
	map->space = "user";
	map->pid = model_keep(m, xstrdup(p->pid));
	map->comm = p->comm;
	map->file = model_keep(m, xstrdup(area->file));
	m->unplaced += !proc_place(m, area, map);
	return 0;
}

struct census {
	struct model *m;
	size_t hidden;
};

static int take_process(void *ctx, const char *pid)
{
	struct census *census = ctx;
	struct process p = { .m = census->m, .pid = pid };

	census->hidden += proc_areas(pid, take_area, &p) < 0;
	return 0;
}

/**
 * proc_maps_load() - add to the model what processes map
 * @m: the model, with the architecture and the platform
 */
void proc_maps_load(struct model *m)
{
	struct census census = { .m = m };

	proc_each_process(take_process, &census);
	if (census.hidden)
		unseen_add(m, UNSEEN_process, census.hidden,
			   xasprintf("%zu process%s that may not be looked at", census.hidden,
				     census.hidden == 1 ? "" : "es"));
}
