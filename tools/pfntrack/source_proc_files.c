// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: which page frames a process maps by a file, and with which attribute.
 *
 * Both are facts of the driver behind the file.  On x86 the attribute is only what
 * the driver asks for, because PAT may change it; on arm64 page tables hold it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source_kernel.h"
#include "util.h"

#define UIO "/sys/class/uio"

enum file_type {
	FILE_RESOURCE,
	FILE_RESOURCE_WC,
	FILE_VFIO,
	FILE_UIO,
	FILE_FB,
	FILE_MEM,
	FILE_PROC_PCI,
	FILE_OTHER,
};

/* What the driver does with vm_page_prot; PFN_ATTR_UNKNOWN if it depends on more. */
static const struct {
	enum pfn_attr x86, arm64;
} files[] = {
	/* pci_mmap_resource_range() */
	[FILE_RESOURCE] = { PFN_ATTR_UC_MINUS, PFN_ATTR_DEVICE },
	[FILE_RESOURCE_WC] = { PFN_ATTR_WC, PFN_ATTR_WC },
	/* vfio_pci_core_mmap(), uio_mmap_physical() */
	[FILE_VFIO] = { PFN_ATTR_UC_MINUS, PFN_ATTR_DEVICE_STRICT },
	[FILE_UIO] = { PFN_ATTR_UC_MINUS, PFN_ATTR_DEVICE_STRICT },
	/* pgprot_framebuffer() */
	[FILE_FB] = { PFN_ATTR_UC_MINUS, PFN_ATTR_WC },
	/* phys_mem_access_prot(), of what is not RAM */
	[FILE_MEM] = { PFN_ATTR_UNKNOWN, PFN_ATTR_DEVICE_STRICT },
	[FILE_PROC_PCI] = { PFN_ATTR_UNKNOWN, PFN_ATTR_UNKNOWN },
	[FILE_OTHER] = { PFN_ATTR_UNKNOWN, PFN_ATTR_UNKNOWN },
};

static const struct pci_bar *bar_of(const struct model *m, const char *device, size_t len,
				    int number)
{
	size_t i;

	for (i = 0; i < m->nr_bars; i++)
		if (m->bars[i].bar == number && strlen(m->bars[i].device) == len &&
		    !strncmp(m->bars[i].device, device, len))
			return &m->bars[i];
	return NULL;
}

/*
 * /sys/devices/.../DEVICE/resourceN, or resourceN_wc: the kernel adds where the
 * BAR begins to the offset.
 */
static enum file_type resource_type(const struct model *m, const struct area *area)
{
	const char *name = strrchr(area->file, '/'), *device;
	const struct pci_bar *bar;
	int number, end = 0, wc = 0;

	if (strncmp(area->file, "/sys/devices/", 13) ||
	    sscanf(name, "/resource%1d%n_wc%n", &number, &end, &wc) < 1 ||
	    (name[end] && (!wc || name[wc])))
		return FILE_OTHER;
	for (device = name; device[-1] != '/'; device--)
		;
	bar = bar_of(m, device, name - device, number);
	if (!bar || area->offset < bar->start || area->offset > bar->end)
		return FILE_OTHER;
	return wc ? FILE_RESOURCE_WC : FILE_RESOURCE;
}

/* "/dev/NAME" and a number, and nothing behind it. */
static bool is_numbered(const char *file, const char *begin)
{
	size_t len = strlen(begin);
	uint64_t number;

	return !strncmp(file, begin, len) && parse_number(file + len, 10, &number);
}

static enum file_type type_of(const struct model *m, const struct area *area)
{
	if (!strcmp(area->file, "/dev/mem"))
		return FILE_MEM;
	if (is_numbered(area->file, "/dev/uio"))
		return FILE_UIO;
	if (is_numbered(area->file, "/dev/fb"))
		return FILE_FB;
	if (!strcmp(area->file, "anon_inode:[vfio-device]"))
		return FILE_VFIO;
	/* Its BAR was asked for by address. */
	if (!strncmp(area->file, "/proc/bus/pci/", 14) && find_bar(m, area->offset))
		return FILE_PROC_PCI;
	return resource_type(m, area);
}

static bool uio_number(struct model *m, const char *uio, uint64_t index, const char *name,
		       uint64_t *number)
{
	char *path = xasprintf(UIO "/%s/maps/map%llu/%s", uio, (unsigned long long)index, name);
	char *text, *word;
	int err;

	text = source_text(m, path, &err);
	free(path);
	if (!text)
		return false;
	word = strsep(&text, "\n");
	return !strncmp(word, "0x", 2) && parse_number(word + 2, 16, number);
}

/* The offset chooses one of the device's maps, in pages; all of it is mapped from its start. */
static bool place_uio(struct model *m, const struct area *area, uint64_t *start)
{
	uint64_t last = area->va.end - area->va.start, size;
	const char *uio = strrchr(area->file, '/') + 1;

	if (!area->page || area->offset % area->page ||
	    !uio_number(m, uio, area->offset / area->page, "addr", start) ||
	    !uio_number(m, uio, area->offset / area->page, "size", &size))
		return false;
	/* Memory of the kernel has a virtual address there. */
	return size && *start % area->page == 0 && *start <= phys_limit(m) &&
	       last <= (size - 1) / area->page * area->page + area->page - 1;
}

/* Whether a range has RAM that the linear map maps. */
static bool has_ram(const struct model *m, const struct span *range)
{
	size_t i;

	for (i = 0; i < m->nr_resources; i++)
		if (!strncmp(m->resources[i].name, "System RAM", 10) &&
		    m->resources[i].start <= range->end && range->start <= m->resources[i].end)
			return true;
	return false;
}

static void set_attr(const struct model *m, enum file_type type, struct mapping *map)
{
	bool x86 = m->arch && !strcmp(m->arch, "x86"), arm64 = m->arch && !strcmp(m->arch, "arm64");
	enum pfn_attr attr = x86 ? files[type].x86 : arm64 ? files[type].arm64 : PFN_ATTR_UNKNOWN;

	/*
	 * Of RAM, /dev/mem and uio depend on how the file was opened and what the driver
	 * registered.  Without its resources it is not known what is RAM.
	 */
	if ((type == FILE_MEM || type == FILE_UIO) &&
	    (!m->nr_resources || !map->range.known || has_ram(m, &map->range)))
		return;
	if (attr == PFN_ATTR_UNKNOWN)
		return;
	map->want = attr_names[attr];
	if (arm64)
		map->got = map->want;
}

/**
 * proc_place() - find what an area of a process maps
 * @m: the model, with the architecture and the platform
 * @area: the area, of a file
 * @map: gets range, attributes and kind, as far as they are known
 *
 * Return: true if the page frames are known.
 */
bool proc_place(struct model *m, const struct area *area, struct mapping *map)
{
	uint64_t last = area->va.end - area->va.start, start = area->offset;
	enum file_type type = type_of(m, area);
	bool placed = type == FILE_MEM || type == FILE_RESOURCE || type == FILE_RESOURCE_WC ||
		      type == FILE_PROC_PCI;

	if (type == FILE_UIO)
		placed = place_uio(m, area, &start);
	if (placed && start <= UINT64_MAX - last) {
		map->range = (struct span){ true, start, start + last };
		map->kind = kind_names[PFN_KIND_REMAP_PFN];
	}
	set_attr(m, type, map);
	return map->range.known;
}
