// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: trace events, from the pages that the kernel hands out. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"
#include "source_events.h"
#include "source_kernel.h"
#include "util.h"

enum how {
	NUMBER,
	SIGNED,
	ARRAY,
	STRING
};

/* A field of the event, and where it goes. */
struct want {
	const char *name;
	enum how how;
	size_t to, size;
};

#define TO(_name, _how, _to)                                      \
	{                                                         \
		_name, _how, offsetof(struct watch_event, _to),   \
			sizeof(((struct watch_event *)NULL)->_to) \
	}

static const struct want mapping_wants[] = {
	TO("start", NUMBER, start),  TO("end", NUMBER, end),      TO("va", NUMBER, va),
	TO("kind", NUMBER, by.kind), TO("want", NUMBER, by.want), TO("got", NUMBER, by.got),
	TO("pid", SIGNED, by.pid),
};

static const struct want conflict_wants[] = {
	TO("start", NUMBER, start),        TO("end", NUMBER, end),
	TO("verdict", NUMBER, verdict),    TO("result", NUMBER, result),
	TO("kind", NUMBER, by.kind),       TO("want", NUMBER, by.want),
	TO("got", NUMBER, by.got),         TO("pid", SIGNED, by.pid),
	TO("comm", ARRAY, by.comm),        TO("held_kind", NUMBER, held.kind),
	TO("held", NUMBER, held.got),      TO("held_pid", SIGNED, held.pid),
	TO("held_comm", ARRAY, held.comm),
};

static const struct want leak_wants[] = {
	TO("start", NUMBER, start),  TO("end", NUMBER, end),      TO("gone", NUMBER, gone),
	TO("kind", NUMBER, by.kind), TO("want", NUMBER, by.want), TO("got", NUMBER, by.got),
	TO("pid", SIGNED, by.pid),   TO("comm", ARRAY, by.comm),  TO("name", STRING, name),
	TO("dev", STRING, dev),
};

static const struct {
	const char *event;
	const struct want *wants;
	size_t n;
} contracts[WATCH_COUNT] = {
	[WATCH_map] = { "pfn_map", mapping_wants, ARRAY_SIZE(mapping_wants) },
	[WATCH_unmap] = { "pfn_unmap", mapping_wants, ARRAY_SIZE(mapping_wants) },
	[WATCH_conflict] = { "pfn_conflict", conflict_wants, ARRAY_SIZE(conflict_wants) },
	[WATCH_leak] = { "pfn_leak", leak_wants, ARRAY_SIZE(leak_wants) },
};

/**
 * events_name() - what the kernel calls it
 * @type: which event
 */
const char *events_name(enum watch_type type)
{
	return contracts[type].event;
}

/**
 * events_find() - find an event and its fields
 * @e: with the formats loaded
 * @type: which event
 *
 * The fields that we know must be there: another contract is another format.
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int events_find(struct events *e, enum watch_type type)
{
	const char *name = contracts[type].event;
	size_t i;

	e->formats[type] = tep_find_event_by_name(e->tep, EVENTS_SYSTEM, name);
	if (!e->formats[type])
		return fail(RC_UNSUPPORTED,
			    "this kernel has no event %s; leave it out with --event", name);
	for (i = 0; i < contracts[type].n; i++) {
		e->fields[type][i] =
			tep_find_field(e->formats[type], contracts[type].wants[i].name);
		if (!e->fields[type][i])
			return fail(RC_UNSUPPORTED,
				    "the event %s has no field %s; use a pfntrack of this kernel",
				    name, contracts[type].wants[i].name);
	}
	e->id = tep_find_common_field(e->formats[type], "common_type");
	return e->id ? 0 : fail(RC_INTERNAL, "the event %s has no type; take it again", name);
}

static uint64_t take_number(const char *data, const struct tep_format_field *field, enum how how)
{
	uint8_t u8;
	uint32_t u32;
	uint64_t u64;

	switch (field->size) {
	case 1:
		memcpy(&u8, data + field->offset, 1);
		return u8;
	case 4:
		memcpy(&u32, data + field->offset, 4);
		return how == SIGNED ? (uint64_t)(int64_t)(int32_t)u32 : u32;
	case 8:
		memcpy(&u64, data + field->offset, 8);
		return u64;
	}
	return UINT64_MAX;
}

/* A string says at its place where, within the event, it really is. */
static void take_string(const char *data, size_t size, const struct tep_format_field *field,
			char *to, size_t room)
{
	uint32_t where;
	size_t at, len;

	memcpy(&where, data + field->offset, 4);
	at = where & 0xffff;
	len = where >> 16;
	if (at > size || len > size - at)
		return;
	snprintf(to, room, "%.*s", (int)len, data + at);
}

static void take_field(const char *data, size_t size, const struct tep_format_field *field,
		       const struct want *want, struct watch_event *event)
{
	char *to = (char *)event + want->to;
	uint64_t value;
	size_t len;

	switch (want->how) {
	case NUMBER:
	case SIGNED:
		value = take_number(data, field, want->how);
		memcpy(to, &value, sizeof(value));
		return;
	case ARRAY:
		len = strnlen(data + field->offset, field->size);
		snprintf(to, want->size, "%.*s", (int)len, data + field->offset);
		return;
	case STRING:
		take_string(data, size, field, to, want->size);
		return;
	}
}

/* The process is there, or is about to go; what it is called may change meanwhile. */
static void name_process(struct watch_side *side)
{
	static struct {
		int64_t pid;
		uint64_t round;
		char comm[WATCH_COMM];
	} known[64];
	static uint64_t round;
	size_t slot = (uint64_t)side->pid % ARRAY_SIZE(known), len;
	char *path, *text;

	if (side->comm[0] || side->pid <= 0)
		return;
	round++;
	/* In a flood of one process a look each thousand events is enough. */
	if (known[slot].pid != side->pid || round - known[slot].round > 1000) {
		path = xasprintf("/proc/%lld/comm", (long long)side->pid);
		known[slot].pid = side->pid;
		known[slot].round = round;
		known[slot].comm[0] = '\0';
		if (!source_read(path, MAX_WORD, &text, &len)) {
			text[strcspn(text, "\n")] = '\0';
			snprintf(known[slot].comm, WATCH_COMM, "%.*s", WATCH_COMM - 1, text);
			free(text);
		}
		free(path);
	}
	memcpy(side->comm, known[slot].comm, WATCH_COMM);
}

/* Return: whether to go on. */
static bool take_event(struct events *e, struct cpu *cpu)
{
	struct watch_event event = { .time = cpu->time };
	size_t size = kbuffer_event_size(cpu->buffer), i;
	uint16_t id;
	int type;

	memcpy(&id, (char *)cpu->next + e->id->offset, sizeof(id));
	for (type = 0; type < WATCH_COUNT; type++)
		if (e->formats[type] && e->formats[type]->id == id)
			break;
	if (type == WATCH_COUNT)
		return true;
	event.type = type;
	event.held.want = UINT64_MAX;
	for (i = 0; i < contracts[type].n; i++)
		take_field(cpu->next, size, e->fields[type][i], &contracts[type].wants[i], &event);
	e->received++;
	name_process(&event.by);
	return watch_event(&event);
}

static void load_page(struct events *e, struct cpu *cpu)
{
	while (!cpu->next && !cpu->dry) {
		if (read(cpu->fd, cpu->page, e->page_size) != e->page_size ||
		    kbuffer_load_subbuffer(cpu->buffer, cpu->page))
			cpu->dry = true;
		else
			cpu->next = kbuffer_read_event(cpu->buffer, &cpu->time);
	}
}

/* The oldest of what the CPUs have. */
static struct cpu *oldest(struct events *e)
{
	struct cpu *first = NULL;
	size_t i;

	for (i = 0; i < e->nr_cpus; i++) {
		struct cpu *cpu = &e->cpus[i];

		load_page(e, cpu);
		if (cpu->next && (!first || cpu->time < first->time))
			first = cpu;
	}
	return first;
}

/**
 * events_poll() - see &struct watch_ops
 * @s: the source
 * @timeout: in milliseconds
 */
int events_poll(struct watch_source *s, int timeout)
{
	struct events *e = s->own;
	unsigned int budget = 1u << 16;
	struct cpu *cpu;
	size_t i;

	for (i = 0; i < e->nr_cpus; i++)
		e->cpus[i].dry = false;
	if (poll(e->polls, e->nr_cpus + 1, timeout) < 0 && errno != EINTR)
		return fail(RC_INTERNAL, "cannot wait for events: %s", strerror(errno));
	/* Back to the caller now and then, who looks at the clock and at what was lost. */
	while (budget-- && (cpu = oldest(e))) {
		if (!take_event(e, cpu))
			return 0;
		cpu->next = kbuffer_next_event(cpu->buffer, &cpu->time);
	}
	return 0;
}
