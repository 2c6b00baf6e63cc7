/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: inside of the source of trace events. */
#ifndef PFNTRACK_SOURCE_EVENTS_H
#define PFNTRACK_SOURCE_EVENTS_H

#include <poll.h>

#include <kbuffer.h>
#include <tracefs.h>

#include "watch.h"

#define EVENTS_SYSTEM "pfn_track"
#define EVENTS_FIELDS 16

/* One CPU: a page of its buffer at a time. */
struct cpu {
	int number, fd;
	struct kbuffer *buffer;
	void *page;
	void *next; /* event, or NULL */
	unsigned long long time;
	bool dry; /* had nothing more in this round */
};

struct events {
	struct tracefs_instance *instance;
	struct tep_handle *tep;
	struct tep_event *formats[WATCH_COUNT];
	struct tep_format_field *fields[WATCH_COUNT][EVENTS_FIELDS];
	struct tep_format_field *id;
	struct cpu *cpus;
	struct pollfd *polls; /* a CPU each, and standard output */
	size_t nr_cpus;
	int page_size;
	uint64_t received;
};

/* source_events_read.c */
int events_find(struct events *e, enum watch_type type);
const char *events_name(enum watch_type type);
int events_poll(struct watch_source *s, int timeout);

#endif /* PFNTRACK_SOURCE_EVENTS_H */
