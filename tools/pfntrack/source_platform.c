// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: what lies at an address, from /proc/iomem and the PCI devices.
 *
 * Garnish, not substance: every kernel has these files, their absence is no
 * error, and a line that makes no sense is skipped.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_kernel.h"
#include "util.h"

#define PCI_DEVICES   "/sys/bus/pci/devices"
#define PCI_NR_BARS   7     /* six, and the expansion ROM */
#define BAR_IS_MEMORY 0x200 /* IORESOURCE_MEM */

/* Read a file of the machine that is looked at; NULL if that cannot be. */
static char *read_text(struct model *m, const char *path)
{
	char *text;
	size_t len;
	int err = source_read(path, MAX_TABLE, &text, &len);

	if (err == ENOMEM)
		die_nomem();
	return err ? NULL : model_keep(m, text);
}

static void load_iomem(struct model *m)
{
	char *text = read_text(m, "/proc/iomem"), *line;

	while ((line = strsep(&text, "\n"))) {
		size_t indent = strspn(line, " ");
		unsigned long long start, end;
		struct resource *r;
		int name = 0;

		/* Who is not root is shown zeros: as good as nothing. */
		if (sscanf(line, "%llx-%llx : %n", &start, &end, &name) < 2 || !name || !end)
			continue;
		m->resources = xrealloc(m->resources, m->nr_resources + 1, sizeof(*r));
		r = &m->resources[m->nr_resources++];
		r->start = start;
		r->end = end;
		r->depth = indent / 2;
		r->name = line + name;
	}
}

/* The last part of where a link points to, or NULL. */
static const char *link_name(struct model *m, const char *path)
{
	char target[4096], *slash;

	if (!source_readlink(path, target, sizeof(target)))
		return NULL;
	slash = strrchr(target, '/');
	return model_keep(m, xstrdup(slash ? slash + 1 : target));
}

static void load_device(struct model *m, const char *device)
{
	char *path = xasprintf(PCI_DEVICES "/%s/resource", device);
	char *text = read_text(m, path), *line;
	const char *driver;
	int i;

	free(path);
	path = xasprintf(PCI_DEVICES "/%s/driver", device);
	driver = link_name(m, path);
	free(path);
	device = model_keep(m, xstrdup(device));

	for (i = 0; i < PCI_NR_BARS && (line = strsep(&text, "\n")); i++) {
		unsigned long long start, end, flags;
		struct pci_bar *bar;

		if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) < 3 || !end ||
		    !(flags & BAR_IS_MEMORY))
			continue;
		m->bars = xrealloc(m->bars, m->nr_bars + 1, sizeof(*bar));
		bar = &m->bars[m->nr_bars++];
		bar->start = start;
		bar->end = end;
		bar->bar = i;
		bar->device = device;
		bar->driver = driver;
	}
}

static void load_pci(struct model *m)
{
	DIR *dir = source_opendir(PCI_DEVICES);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			load_device(m, entry->d_name);
	closedir(dir);
}

static void load_phys_bits(struct model *m)
{
	char *text = read_text(m, "/proc/cpuinfo");
	char *line = text ? strstr(text, "address sizes") : NULL;
	unsigned int bits;

	if (line && sscanf(line, "address sizes : %u bits physical", &bits) == 1 && bits >= 32 &&
	    bits <= 64)
		m->phys_bits = bits;
}

/**
 * platform_load() - add to the model what lies where
 * @m: the model
 */
void platform_load(struct model *m)
{
	load_iomem(m);
	load_pci(m);
	load_phys_bits(m);
}
