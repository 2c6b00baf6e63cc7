// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack watch: mappings, conflicts and leaks as they happen, an event a line. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "main.h"
#include "model.h"
#include "source_kernel.h"
#include "util.h"
#include "watch.h"

/* How often what was lost is asked for, and the clock looked at. */
#define TICK_MS 500
/* What is still to be read at the end may take so long. */
#define LAST_MS 5000

static struct {
	unsigned int types;
	int64_t pid; /* -1: any */
	uint64_t kind, start, end;
	uint64_t count;   /* 0: without end */
	uint64_t seconds; /* 0: without end */
} only;

static struct watch_total total;
static volatile sig_atomic_t signals;

/* === The command line =================================================== */

static const char *type_word(size_t i)
{
	return watch_names[i];
}

static const char *kind_word(size_t i)
{
	return kind_names[i];
}

static int index_of(const char *const *names, const char *word, size_t len)
{
	int i;

	for (i = 0; names[i]; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], word, len))
			return i;
	return -1;
}

static int unknown(const char *what, const char *word, const char *(*name)(size_t i))
{
	const char *near = nearest(word, name);

	return fail(RC_USAGE, "unknown %s '%s'%s%s%s; see 'pfntrack watch --help'", what, word,
		    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static int parse_types(const char *list)
{
	size_t len;
	int type;

	only.types = list ? 0 : (1u << WATCH_COUNT) - 1;
	for (; list; list = list[len] ? list + len + 1 : NULL) {
		len = strcspn(list, ",");
		type = index_of(watch_names, list, len);
		if (type < 0) {
			char *word = xasprintf("%.*s", (int)len, list);

			unknown("event", word, type_word);
			free(word);
			return RC_USAGE;
		}
		only.types |= 1u << type;
	}
	return 0;
}

static int parse_addresses(const char *text)
{
	struct span span = { true, 0, UINT64_MAX };
	int rc = text ? parse_range(text, &span) : 0;

	only.start = span.start;
	only.end = span.end;
	return rc;
}

static int parse_positive(const char *name, const char *text, uint64_t *value)
{
	if (!text || (parse_number(text, 10, value) && *value && *value < INT32_MAX))
		return 0;
	return fail(RC_USAGE, "--%s takes a number from 1 up, not '%s'", name, text);
}

static int parse_only(void)
{
	uint64_t pid = 0;
	int rc, kind;

	rc = parse_types(opts.event);
	if (!rc)
		rc = parse_addresses(opts.range);
	if (!rc)
		rc = parse_positive("pid", opts.pid, &pid);
	if (!rc)
		rc = parse_positive("count", opts.count, &only.count);
	if (!rc)
		rc = parse_positive("seconds", opts.seconds, &only.seconds);
	only.pid = opts.pid ? (int64_t)pid : -1;
	only.kind = UINT64_MAX;
	if (rc || !opts.kind)
		return rc;
	kind = index_of(kind_names, opts.kind, strlen(opts.kind));
	if (kind < 0)
		return unknown("kind", opts.kind, kind_word);
	only.kind = kind;
	return 0;
}

/* === Events ============================================================= */

static const char *word_of(const char *const *names, uint64_t number, size_t count)
{
	return number < count ? names[number] : NULL;
}

/* What a filter compares, and that an event has as a number or a part of a text. */
struct side_text {
	char pid[24], module[WATCH_SITE];
};

/* As a filter looks at it. */
static struct mapping mapping_of(const struct watch_event *event, const struct watch_side *side,
				 struct side_text *text)
{
	const char *bracket = strrchr(side->site, '[');
	struct mapping map = {
		.range = { true, event->start, event->end },
		.kind = word_of(kind_names, side->kind, PFN_KIND_COUNT),
		.want = word_of(attr_names, side->want, PFN_ATTR_COUNT),
		.got = word_of(attr_names, side->got, PFN_ATTR_COUNT),
		.comm = *side->comm ? side->comm : NULL,
	};

	snprintf(text->pid, sizeof(text->pid), "%lld", (long long)side->pid);
	map.pid = side->pid < 0 ? NULL : text->pid;
	/* "symbol+0x10/0x20 [module]" */
	if (bracket) {
		snprintf(text->module, sizeof(text->module), "%s", bracket + 1);
		text->module[strcspn(text->module, "]")] = '\0';
		map.module = text->module;
	}
	if (event->type == WATCH_leak) {
		map.driver = event->name;
		map.dev = event->dev;
	}
	return map;
}

/* Platform, for devices and drivers. */
static struct filter filter;
static struct model machine;

static bool filter_takes_event(const struct watch_event *event)
{
	struct side_text text = { 0 }, held_text = { 0 };
	struct mapping by = mapping_of(event, &event->by, &text), held;

	if (event->type != WATCH_conflict)
		return filter_takes(&filter, &machine, &by);
	held = mapping_of(event, &event->held, &held_text);
	return filter_takes_two(&filter, &machine, &by.range, &by, &held);
}

static bool chosen(const struct watch_event *event)
{
	bool both = event->type == WATCH_conflict;

	if (!(only.types & 1u << event->type))
		return false;
	if (event->start > only.end || event->end < only.start)
		return false;
	if (only.kind != UINT64_MAX && event->by.kind != only.kind &&
	    !(both && event->held.kind == only.kind))
		return false;
	if (only.pid >= 0 && event->by.pid != only.pid && !(both && event->held.pid == only.pid))
		return false;
	return !filter.nr || filter_takes_event(event);
}

/**
 * watch_event() - take what a source delivers
 * @event: the event
 *
 * Return: whether to go on.
 */
bool watch_event(const struct watch_event *event)
{
	if (chosen(event)) {
		total.shown++;
		total.conflicts += event->type == WATCH_conflict || event->type == WATCH_leak;
		watch_print_event(event);
		if (only.count && total.shown == only.count) {
			total.ended = "count";
			return false;
		}
	}
	/* A first signal ends it in order, a second one at once. */
	return !ferror(stdout) && signals < 2;
}

static void on_signal(int number)
{
	(void)number;
	signals++;
}

/*
 * A reader that went shows as EPIPE, so that what we set up in the kernel can be
 * taken back.  A signal that was ignored stays so, as nohup wants it.
 */
static void catch_signals(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction action = { .sa_handler = on_signal }, old;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		if (!sigaction(ends[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void tell_dropped(struct watch_source *s)
{
	struct watch_count before = total.count, *now = &total.count;

	s->ops->count(s, now);
	if (now->dropped > before.dropped)
		watch_print_dropped(now->dropped - before.dropped, now->dropped);
	if (now->forgotten > before.forgotten)
		watch_print_forgotten(now->forgotten - before.forgotten, now->forgotten);
}

static bool reader_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return ferror(stdout) || (poll(&out, 1, 0) == 1 && out.revents & (POLLERR | POLLNVAL));
}

/* Why to end, or NULL. */
static const char *ending(uint64_t until)
{
	if (total.ended)
		return total.ended;
	if (signals)
		return "signal";
	if (reader_gone())
		return "output";
	return until && now_ms() >= until ? "seconds" : NULL;
}

static int follow(struct watch_source *s)
{
	uint64_t until = only.seconds ? now_ms() + only.seconds * 1000 : 0, asked = 0;
	int rc = 0;

	while (!rc && !(total.ended = ending(until))) {
		uint64_t now = now_ms(), left = until > now ? until - now : 0;

		if (now - asked >= TICK_MS) {
			tell_dropped(s);
			asked = now;
		}
		fflush(stdout);
		rc = s->ops->poll(s, until && left < TICK_MS ? left : TICK_MS);
	}
	/* What came before the end is shown, unless we were asked for no more. */
	until = now_ms() + LAST_MS;
	while (!rc && s->ops->stop(s) && strcmp(total.ended, "count") && !reader_gone() &&
	       signals < 2) {
		if (now_ms() >= until) {
			total.ended = "late";
			break;
		}
		rc = s->ops->poll(s, 0);
	}
	tell_dropped(s);
	return rc;
}

/**
 * cmd_watch() - "pfntrack watch [FILTER ...]"
 * @argc: number of filters
 * @argv: filters
 *
 * Return: exit code.
 */
int cmd_watch(int argc, char **argv)
{
	struct watch_source s = { 0 };
	int rc;

	rc = parse_only();
	if (!rc)
		rc = filter_parse(&filter, argc, argv);
	if (!rc && *opts.root)
		rc = fail(RC_USAGE, "a snapshot cannot be watched; leave out --root");
	if (!rc)
		rc = watch_choose(&s.ops);
	if (rc)
		return rc;
	s.types = only.types;
	if (filter_asks(&filter, FILTER_DRIVER) || filter_asks(&filter, FILTER_DEVICE))
		platform_load(&machine);
	catch_signals();
	rc = s.ops->open(&s);
	if (!rc) {
		watch_print_start(&s);
		rc = follow(&s);
		if (!rc)
			watch_print_end(&total);
	}
	s.ops->close(&s);
	model_free(&machine);
	if (rc)
		return rc;
	if (total.conflicts)
		return RC_CONFLICT;
	/* What was not seen is not known to be clean. */
	return total.count.dropped || total.count.forgotten || s.nr_gaps ||
			       !strcmp(total.ended, "late")
		       ? RC_UNSUPPORTED
		       : RC_CLEAN;
}
