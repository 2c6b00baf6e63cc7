// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack map as JSON: the picture, so that another tool may draw it. */

#include "json.h"
#include "map.h"
#include "util.h"

static struct json_object *box(const struct map_lane *lane, const struct map_box *b)
{
	struct json_object *v = jneed(json_object_new_object());
	struct json_object *holders = jneed(json_object_new_array());
	size_t i;

	jput(v, "range", jspan_if_known(&b->range));
	if (lane->type == LANE_MACHINE) {
		json_object_put(holders);
		jput(v, "name", jtext(b->label));
		return v;
	}
	jput(v, "want", jtext(b->want));
	jput(v, "got", jtext(b->got));
	jput(v, "mappings", jnumber(b->count));
	for (i = 0; i < b->count && i < MAP_SHOWN; i++)
		jpush(holders, jrecord(b->shown[i]));
	jput(v, "holders", holders);
	return v;
}

static struct json_object *lane_value(const struct map_lane *lane)
{
	static const char *const types[] = {
		[LANE_MACHINE] = "machine", [LANE_LINEAR] = "linear", [LANE_KERNEL] = "kernel",
		[LANE_CLAIM] = "claim",     [LANE_OTHER] = "other",   [LANE_USER] = "user",
		[LANE_REST] = "rest",
	};
	struct json_object *v = jneed(json_object_new_object());
	struct json_object *boxes = jneed(json_object_new_array());
	size_t i;

	for (i = 0; i < lane->nr_boxes; i++)
		jpush(boxes, box(lane, &lane->boxes[i]));
	jput(v, "lane", jtext(types[lane->type]));
	jput(v, "name", jtext(lane->name));
	jput(v, "mappings", jnumber(lane->nr_mappings));
	jput(v, "boxes", boxes);
	return v;
}

static struct json_object *mark_value(const struct map_mark *mark)
{
	struct json_object *v = jneed(json_object_new_object());
	struct json_object *ids = jneed(json_object_new_array());
	size_t i;

	for (i = 0; i < mark->nr_conflicts && i < MAP_SHOWN; i++)
		jpush(ids, jnumber(mark->conflicts[i]->id));
	jput(v, "range", jspan_if_known(&mark->range));
	jput(v, "worst", jtext(mark->worst));
	jput(v, "conflicts", jnumber(mark->nr_conflicts));
	jput(v, "ids", ids);
	jput(v, "aliases", jnumber(mark->nr_aliases));
	return v;
}

/**
 * map_print_json() - print the picture as JSON
 * @map: the picture
 */
void map_print_json(const struct map *map)
{
	struct json_object *top = jdocument_of(map->m);
	struct json_object *lanes = jneed(json_object_new_array());
	struct json_object *marks = jneed(json_object_new_array());
	bool known = map->m->view == VIEW_KERNEL;
	size_t i;

	for (i = 0; i < map->nr_lanes; i++)
		jpush(lanes, lane_value(&map->lanes[i]));
	for (i = 0; i < map->nr_marks; i++)
		jpush(marks, mark_value(&map->marks[i]));
	jput(top, "arch", jtext(map->m->arch));
	jput(top, "policy", jtext(map->m->policy));
	jput(top, "lanes", lanes);
	jput(top, "marks", marks);
	jput(top, "incomplete", known ? jnumber(map->m->incomplete) : NULL);
	jput(top, "late", known ? jbool(map->m->late) : NULL);
	jemit(top);
}
