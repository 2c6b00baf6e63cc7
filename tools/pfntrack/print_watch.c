// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: events as lines, of text or of JSON.  Not by json-c: in a flood the
 * time that a line takes decides how many are lost.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "main.h"
#include "model.h"
#include "util.h"
#include "watch.h"

#define WATCH_WORD(name) #name,
const char *const watch_names[] = { WATCH_LIST(WATCH_WORD) NULL };

static const char *const verdict_words[] = { PFN_VERDICT_TEXT };
static const char *const result_words[] = { PFN_RESULT_TEXT };
static const char *const leak_words[] = { PFN_LEAK_TEXT };

/* A newer kernel may know more words: then NULL. */
static const char *word(const char *const *names, size_t n, uint64_t value)
{
	return value < n ? names[value] : NULL;
}

#define VERDICT(v) word(verdict_words, ARRAY_SIZE(verdict_words), v)
#define RESULT(v)  word(result_words, ARRAY_SIZE(result_words), v)
#define LEAK(v)    word(leak_words, ARRAY_SIZE(leak_words), v)
#define KIND(v)    word(kind_names, PFN_KIND_COUNT, v)
#define ATTR(v)    word(attr_names, PFN_ATTR_COUNT, v)

/* === Text =============================================================== */

static const char *or_dash(const char *s)
{
	return s && *s ? s : "-";
}

/* Bytes that others chose. */
static void put_safe(const char *s)
{
	char *safe;

	if (!*s)
		s = "-";
	safe = text_safe(s);
	fputs(safe, stdout);
	free(safe);
}

static void put_side(const struct watch_side *side)
{
	const char *want = ATTR(side->want), *got = ATTR(side->got);

	printf("%s %s", or_dash(KIND(side->kind)), or_dash(want ? want : got));
	if (want && got && want != got)
		printf(">%s", got);
	if (side->pid >= 0) {
		putchar(' ');
		put_safe(side->comm);
		printf("[%" PRId64 "]", side->pid);
	}
	if (side->site[0]) {
		fputs(" at ", stdout);
		put_safe(side->site);
	}
}

static void put_text(const struct watch_event *e)
{
	struct span range = { true, e->start, e->end };
	char *size = text_size(span_size(&range));

	printf("%6" PRIu64 ".%06" PRIu64 " %-8s 0x%" PRIx64 "-0x%" PRIx64 " %s ",
	       e->time / 1000000000, e->time / 1000 % 1000000, watch_names[e->type], e->start,
	       e->end, size);
	free(size);
	if (e->type == WATCH_conflict)
		printf("%s %s: ", or_dash(VERDICT(e->verdict)), or_dash(RESULT(e->result)));
	put_side(&e->by);
	if (e->type == WATCH_conflict) {
		fputs(" beside ", stdout);
		put_side(&e->held);
	}
	if (e->type == WATCH_leak) {
		printf(" left %s by ", or_dash(LEAK(e->gone)));
		put_safe(e->name);
		fputs(" of ", stdout);
		put_safe(e->dev);
	}
	putchar('\n');
}

/* === JSON =============================================================== */

static const char *comma;

static void json_open(char brace)
{
	putchar(brace);
	comma = "";
}

static void json_close(char brace)
{
	putchar(brace);
	comma = ",";
}

static void json_key(const char *key)
{
	printf("%s\"%s\":", comma, key);
	comma = ",";
}

static void json_word(const char *key, const char *s)
{
	json_key(key);
	printf(s ? "\"%s\"" : "null", s);
}

static void json_number(const char *key, uint64_t n)
{
	json_key(key);
	printf("%" PRIu64, n);
}

static bool plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s >= 0x7f || *s == '"' ||
		    *s == '\\')
			return false;
	return true;
}

/* Bytes that others chose; json-c knows how to write what is odd in them. */
static void json_text(const char *s)
{
	struct json_object *v;

	if (plain(s)) {
		printf("\"%s\"", s);
		return;
	}
	v = jtext(s);
	text_json(stdout, json_object_to_json_string_ext(v, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(v);
}

static void json_string(const char *key, const char *s)
{
	json_key(key);
	if (*s)
		json_text(s);
	else
		fputs("null", stdout);
}

static void json_address(const char *key, uint64_t address)
{
	json_key(key);
	printf("\"0x%" PRIx64 "\"", address);
}

static void json_range(const char *key, uint64_t start, uint64_t end)
{
	struct span range = { true, start, end };

	json_key(key);
	json_open('{');
	json_address("start", start);
	json_address("end", end);
	json_number("size", span_size(&range));
	json_close('}');
}

static void json_side(const struct watch_side *side)
{
	json_word("kind", KIND(side->kind));
	json_word("want", ATTR(side->want));
	json_word("got", ATTR(side->got));
	if (side->pid < 0)
		json_word("pid", NULL);
	else
		json_number("pid", side->pid);
	json_string("comm", side->comm);
	json_string("site", side->site);
}

static void json_mapping(const struct watch_event *e)
{
	if (e->va)
		json_range("va", e->va, e->va + (e->end - e->start));
	else
		json_word("va", NULL);
	json_side(&e->by);
}

static void json_conflict(const struct watch_event *e)
{
	json_word("verdict", VERDICT(e->verdict));
	json_word("result", RESULT(e->result));
	json_key("new");
	json_open('{');
	json_side(&e->by);
	json_close('}');
	json_key("held");
	json_open('{');
	json_side(&e->held);
	json_close('}');
}

static void json_leak(const struct watch_event *e)
{
	json_key("gone");
	json_open('{');
	json_word("how", LEAK(e->gone));
	json_string("name", e->name);
	json_string("dev", strcmp(e->dev, "-") ? e->dev : "");
	json_close('}');
	json_side(&e->by);
}

static void put_json(const struct watch_event *e)
{
	json_open('{');
	json_word("event", watch_names[e->type]);
	json_key("time");
	printf("%" PRIu64 ".%06" PRIu64, e->time / 1000000000, e->time / 1000 % 1000000);
	json_range("range", e->start, e->end);
	if (e->type == WATCH_conflict)
		json_conflict(e);
	else if (e->type == WATCH_leak)
		json_leak(e);
	else
		json_mapping(e);
	json_close('}');
	putchar('\n');
}

/* === Both =============================================================== */

/**
 * watch_print_start() - say what is watched, once it is
 * @s: the source
 */
void watch_print_start(const struct watch_source *s)
{
	size_t i;

	if (!opts.json) {
		printf("Watching %s%s%s (source %s); Ctrl-C ends it.\n", s->ops->what,
		       s->attach ? " by " : "", s->attach ? s->attach : "", s->ops->name);
		for (i = 0; i < s->nr_gaps; i++)
			printf("Not seen: %s, because %s.\n", s->gaps[i].what, s->gaps[i].why);
		return;
	}
	json_open('{');
	json_number("version", JSON_VERSION);
	json_word("source", s->ops->name);
	json_word("event", "start");
	json_word("attach", s->attach);
	if (s->programs)
		json_number("programs", s->programs);
	else
		json_word("programs", NULL);
	json_key("unseen");
	json_open('[');
	for (i = 0; i < s->nr_gaps; i++) {
		fputs(comma, stdout);
		json_text(s->gaps[i].what);
		comma = ",";
	}
	json_close(']');
	json_key("gaps");
	json_open('[');
	for (i = 0; i < s->nr_gaps; i++) {
		fputs(comma, stdout);
		json_open('{');
		json_string("what", s->gaps[i].what);
		json_string("why", s->gaps[i].why);
		json_close('}');
	}
	json_close(']');
	json_close('}');
	putchar('\n');
}

/**
 * watch_print_event() - print an event as a line
 * @event: the event
 */
void watch_print_event(const struct watch_event *event)
{
	if (opts.json)
		put_json(event);
	else
		put_text(event);
}

/**
 * watch_print_dropped() - say that events were lost
 * @fresh: since this was last said
 * @all: since the start
 */
void watch_print_dropped(uint64_t fresh, uint64_t all)
{
	if (!opts.json) {
		printf("Dropped %" PRIu64 " events that came too fast (%" PRIu64 " in all).\n",
		       fresh, all);
		return;
	}
	json_open('{');
	json_word("event", "dropped");
	json_number("dropped", fresh);
	json_number("total", all);
	json_close('}');
	putchar('\n');
}

/**
 * watch_print_forgotten() - say that there is no room for more mappings
 * @fresh: since this was last said
 * @all: since the start
 */
void watch_print_forgotten(uint64_t fresh, uint64_t all)
{
	if (!opts.json) {
		printf("Too many mappings to remember: the ends of %" PRIu64
		       " are not told, nor conflicts with them (%" PRIu64 " in all).\n",
		       fresh, all);
		return;
	}
	json_open('{');
	json_word("event", "forgotten");
	json_number("forgotten", fresh);
	json_number("total", all);
	json_close('}');
	putchar('\n');
}

/**
 * watch_print_end() - say what there was
 * @total: counts
 */
void watch_print_end(const struct watch_total *total)
{
	if (!opts.json) {
		printf("%" PRIu64 " events shown, %" PRIu64 " of them conflicts or leaks; %" PRIu64
		       " received, %" PRIu64 " dropped",
		       total->shown, total->conflicts, total->count.received, total->count.dropped);
		if (total->count.forgotten)
			printf(", %" PRIu64 " forgotten", total->count.forgotten);
		puts(strcmp(total->ended, "late") ? "."
						  : "; the last ones could not be read in time.");
		return;
	}
	json_open('{');
	json_word("event", "end");
	json_word("ended", total->ended);
	json_number("shown", total->shown);
	json_number("conflicts", total->conflicts);
	json_number("received", total->count.received);
	json_number("dropped", total->count.dropped);
	json_number("forgotten", total->count.forgotten);
	json_close('}');
	putchar('\n');
}
