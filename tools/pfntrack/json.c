// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the pieces that JSON documents are made of.  What is not known is
 * null; an address is a string, since 64 bits do not fit into every reader's
 * numbers.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "main.h"
#include "util.h"

/**
 * jneed() - a JSON value, or the end for want of memory
 * @v: what json-c gave
 */
struct json_object *jneed(struct json_object *v)
{
	if (!v)
		die_nomem();
	return v;
}

/**
 * jput() - add a key to an object
 * @object: the object; owns the value from here
 * @key: a constant, that the object does not have
 * @v: the value; NULL is JSON's null
 */
void jput(struct json_object *object, const char *key, struct json_object *v)
{
	if (json_object_object_add_ex(
		    object, key, v, JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY))
		die_nomem();
}

/**
 * jpush() - add a value to an array
 * @array: the array; owns the value from here
 * @v: the value
 */
void jpush(struct json_object *array, struct json_object *v)
{
	if (json_object_array_add(array, v))
		die_nomem();
}

/**
 * jnumber() - an integer
 * @n: its value
 */
struct json_object *jnumber(uint64_t n)
{
	return jneed(json_object_new_uint64(n));
}

/**
 * jbool() - true or false
 * @b: which
 */
struct json_object *jbool(bool b)
{
	return jneed(json_object_new_boolean(b));
}

/**
 * jtext() - a string of valid UTF-8
 * @s: any bytes, or NULL
 *
 * Return: the value, NULL (JSON's null) if @s is NULL.
 */
struct json_object *jtext(const char *s)
{
	char *clean;
	struct json_object *v;

	if (!s)
		return NULL;
	clean = text_utf8(s);
	v = jneed(json_object_new_string(clean));
	free(clean);
	return v;
}

/**
 * jtext_and_free() - jtext() that frees its argument
 * @s: allocated, or NULL
 */
struct json_object *jtext_and_free(char *s)
{
	struct json_object *v = jtext(s);

	free(s);
	return v;
}

/**
 * jseconds() - a time
 * @s: the kernel's own digits: 12.345678 must not become 12.345678000000001
 */
struct json_object *jseconds(const char *s)
{
	return s ? jneed(json_object_new_double_s(strtod(s, NULL), s)) : NULL;
}

/**
 * jdecimal() - a number that is kept as text
 * @s: checked digits, or NULL
 */
struct json_object *jdecimal(const char *s)
{
	return s ? jnumber(strtoull(s, NULL, 10)) : NULL;
}

/**
 * jaddress() - an address, as a string
 * @a: the address
 */
struct json_object *jaddress(uint64_t a)
{
	return jtext_and_free(xasprintf("0x%llx", (unsigned long long)a));
}

/**
 * jspan() - a range, physical or virtual
 * @start: first byte
 * @end: last byte
 */
struct json_object *jspan(uint64_t start, uint64_t end)
{
	struct span s = { true, start, end };
	struct json_object *v = jneed(json_object_new_object());

	jput(v, "start", jaddress(start));
	jput(v, "end", jaddress(end));
	jput(v, "size", jnumber(span_size(&s)));
	return v;
}

/**
 * jspan_if_known() - a range, or JSON's null
 * @s: the range
 */
struct json_object *jspan_if_known(const struct span *s)
{
	return s->known ? jspan(s->start, s->end) : NULL;
}

/**
 * jput_record() - add the keys of a mapping to an object
 * @v: the object
 * @map: the mapping; what is not known of it is null
 */
void jput_record(struct json_object *v, const struct mapping *map)
{
	jput(v, "range", jspan_if_known(&map->range));
	jput(v, "va", jspan_if_known(&map->va));
	jput(v, "kind", jtext(map->kind));
	jput(v, "space", jtext(map->space));
	jput(v, "want", jtext(map->want));
	jput(v, "got", jtext(map->got));
	jput(v, "pid", jdecimal(map->pid));
	jput(v, "comm", jtext(map->comm));
	jput(v, "site", jtext(map->site));
	jput(v, "module", jtext(map->module));
	jput(v, "dev", jtext(map->dev));
	jput(v, "driver", jtext(map->driver));
	jput(v, "file", jtext(map->file));
	jput(v, "time", jseconds(map->time));
}

/**
 * jrecord() - a mapping: a record, or one side of a conflict, an alias or a leak
 * @map: the mapping
 */
struct json_object *jrecord(const struct mapping *map)
{
	struct json_object *v = jneed(json_object_new_object());

	jput_record(v, map);
	return v;
}

static struct json_object *hooks_value(const struct model *m)
{
	struct json_object *all = jneed(json_object_new_array());
	size_t i;

	for (i = 0; i < m->nr_hooks; i++) {
		struct json_object *hook = jneed(json_object_new_object());

		jput(hook, "kind", jtext(m->hooks[i].kind));
		jput(hook, "state", jtext(m->hooks[i].state));
		jpush(all, hook);
	}
	return all;
}

/* NULL (JSON's null) for a kernel that does not list them. */
static struct json_object *roads_value(const struct model *m)
{
	struct json_object *all;
	size_t i;

	if (!m->nr_roads)
		return NULL;
	all = jneed(json_object_new_array());
	for (i = 0; i < m->nr_roads; i++) {
		struct json_object *road = jneed(json_object_new_object());

		jput(road, "name", jtext(m->roads[i].name));
		jput(road, "state", jtext(m->roads[i].state));
		jput(road, "why", jtext(m->roads[i].why));
		jpush(all, road);
	}
	return all;
}

/* Attributes that this boot maps as another. */
static struct json_object *impossible_value(const struct model *m)
{
	struct json_object *all = jneed(json_object_new_array());
	size_t i;

	for (i = 0; i < m->nr_impossible; i++) {
		struct json_object *one = jneed(json_object_new_object());

		jput(one, "want", jtext(m->impossible[i].want));
		jput(one, "got", jtext(m->impossible[i].got));
		jput(one, "why", jtext(m->impossible[i].why));
		jpush(all, one);
	}
	return all;
}

/**
 * jcoverage() - what the kernel watches
 * @m: the model, with coverage
 */
struct json_object *jcoverage(const struct model *m)
{
	struct json_object *v = jneed(json_object_new_object());

	jput(v, "hooks", hooks_value(m));
	jput(v, "roads", roads_value(m));
	jput(v, "impossible", impossible_value(m));
	return v;
}

/* Every document begins so; of @view NULL: what mappings there are is not its business. */
static struct json_object *begin(const char *view)
{
	struct json_object *top = jneed(json_object_new_object());

	jput(top, "version", jnumber(JSON_VERSION));
	jput(top, "source",
	     *opts.root ? jtext_and_free(xasprintf("root:%s", opts.root))
			: jtext(view ? view : "kernel"));
	return top;
}

/**
 * jdocument() - a document, with what stands in every one
 */
struct json_object *jdocument(void)
{
	return begin(NULL);
}

/**
 * jdocument_built_in() - a document of what the command itself knows
 */
struct json_object *jdocument_built_in(void)
{
	struct json_object *top = jneed(json_object_new_object());

	jput(top, "version", jnumber(JSON_VERSION));
	jput(top, "source", jtext("built-in"));
	return top;
}

static const char *line_of(struct json_object *v)
{
	const char *line = json_object_to_json_string_ext(v, JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!line)
		die_nomem();
	return line;
}

/**
 * jemit_around() - print a document with a long array in its middle, and free it
 * @head: what stands before the array
 * @key: of the array
 * @item: makes an item of it
 * @m: the model, handed to @item
 * @nr: how many there are
 * @tail: what stands behind it; not empty
 *
 * A hundred thousand items at once would be half a gigabyte, most of the time
 * spent on getting it.  Over several lines it is for people, who have no such
 * number of them.
 */
void jemit_around(struct json_object *head, const char *key,
		  struct json_object *(*item)(const struct model *m, size_t i),
		  const struct model *m, size_t nr, struct json_object *tail)
{
	struct json_object_iterator at, end;
	struct json_object *all, *v;
	char *text;
	size_t i;

	if (opts.pretty) {
		all = jneed(json_object_new_array());
		for (i = 0; i < nr; i++)
			jpush(all, item(m, i));
		jput(head, key, all);
		at = json_object_iter_begin(tail);
		end = json_object_iter_end(tail);
		for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
			jput(head, json_object_iter_peek_name(&at),
			     json_object_get(json_object_iter_peek_value(&at)));
		jemit(head);
		json_object_put(tail);
		return;
	}
	/* Without its last brace, and without the first of the tail. */
	text = xstrdup(line_of(head));
	text[strlen(text) - 1] = '\0';
	text_json(stdout, text);
	free(text);
	printf(",\"%s\":[", key);
	for (i = 0; i < nr; i++) {
		if (i)
			putchar(',');
		v = item(m, i);
		text_json(stdout, line_of(v));
		json_object_put(v);
	}
	fputs("],", stdout);
	text_json(stdout, line_of(tail) + 1);
	putchar('\n');
	json_object_put(head);
	json_object_put(tail);
}

/**
 * jdocument_of() - a document that says from where its data come
 * @m: the model, loaded
 */
struct json_object *jdocument_of(const struct model *m)
{
	struct json_object *unseen = jneed(json_object_new_array());
	struct json_object *top = begin(view_names[m->view]);
	size_t i;

	for (i = 0; i < m->nr_unseen; i++)
		jpush(unseen, jtext(m->unseen[i]));
	jput(top, "view", jtext(view_names[m->view]));
	jput(top, "unseen", unseen);
	return top;
}

/**
 * jemit() - print a document and free it
 * @top: the document
 */
void jemit(struct json_object *top)
{
	const char *doc = json_object_to_json_string_ext(
		top, opts.pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
					   JSON_C_TO_STRING_NOSLASHESCAPE
				 : JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!doc)
		die_nomem();
	text_json(stdout, doc);
	putchar('\n');
	json_object_put(top);
}
