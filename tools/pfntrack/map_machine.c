// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack map: what lies where, from /proc/iomem and the PCI devices. */

#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "util.h"

/**
 * map_is_ram() - is this the machine's memory?
 * @r: a resource
 */
bool map_is_ram(const struct resource *r)
{
	return !strcmp(r->name, "System RAM");
}

/* What lies at one address: a BAR, or the innermost resource. */
struct place {
	struct span range;
	const char *name;
	const struct pci_bar *bar;
};

/* Names of what RAM is used for tell nothing here: RAM is RAM. */
static struct place place_at(const struct model *m, uint64_t address)
{
	const struct pci_bar *bar = find_bar(m, address);
	struct place p = { .bar = bar };
	unsigned int depth = 0;
	size_t i;

	if (bar) {
		p.range = (struct span){ true, bar->start, bar->end };
		return p;
	}
	for (i = 0; i < m->nr_resources; i++) {
		const struct resource *r = &m->resources[i];

		if (r->depth != depth || address < r->start || address > r->end)
			continue;
		p.range = (struct span){ true, r->start, r->end };
		p.name = r->name;
		if (map_is_ram(r))
			break;
		depth++;
	}
	return p;
}

static char *place_name(const struct place *p)
{
	const char *device;

	/* Where nothing lies by anybody's word, somebody maps all the same. */
	if (!p->range.known)
		return xstrdup("in no resource");
	if (!p->bar)
		return xstrdup(p->name);
	device = p->bar->device;
	if (!strncmp(device, "0000:", 5))
		device += 5; /* as lspci does */
	return xasprintf("%s BAR %d%s%s", device, p->bar->bar, p->bar->driver ? " " : "",
			 p->bar->driver ? p->bar->driver : "");
}

/**
 * map_machine() - fill the first lane
 * @map: with its axis, and that lane
 *
 * Boxes follow the pieces of the axis: of a resource as wide as a PCI window only
 * what somebody maps is shown.
 */
void map_machine(struct map *map)
{
	struct map_lane *lane = &map->lanes[0];
	struct map_box *last = NULL;
	size_t i;

	for (i = 0; i < map->nr_pieces; i++) {
		const struct map_piece *piece = &map->pieces[i];
		struct place p = { 0 };
		char *name;

		if (piece->gap) {
			last = NULL;
			continue;
		}
		p = place_at(map->m, piece->start);
		name = place_name(&p);
		if (last && !strcmp(last->label, name)) {
			last->range.end = piece->end;
			last->x1 = piece->x1;
			free(name);
			continue;
		}
		last = xappend(&lane->boxes, &lane->nr_boxes, sizeof(*last));
		last->range = (struct span){ true, piece->start, piece->end };
		last->x0 = piece->x0;
		last->x1 = piece->x1;
		last->label = name;
	}
}
