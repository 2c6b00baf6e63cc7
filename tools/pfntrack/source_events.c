// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the trace events of a kernel with pfn_track, from a private instance
 * of tracefs.  Nobody else's tracing is touched, and the instance goes with us.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"
#include "source_events.h"
#include "source_kernel.h"
#include "util.h"

#define INSTANCE      "pfntrack-"

/* Of all CPUs together; a quiet one needs its share as much as a busy one. */
#define BUFFER_KB     4096u
#define BUFFER_KB_MIN 1024u
#define BUFFER_KB_MAX 4096u

/* === Open =============================================================== */

/* Not by libtracefs, which would mount it: looking must not change the machine. */
static const char *find_tracefs(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		char *events = xasprintf("%s/events", places[i]);
		bool there = !access(events, F_OK);

		free(events);
		if (there)
			return places[i];
	}
	return NULL;
}

static int check_access(void)
{
	const char *dir;
	char *system, *instances;
	int rc = 0;

	if (access("/sys/kernel/tracing", F_OK))
		return fail(RC_UNSUPPORTED, "this kernel has no tracefs; build it with "
					    "CONFIG_EVENT_TRACING=y to watch it");
	if (geteuid())
		return fail(RC_UNSUPPORTED, "only root may watch; run this as root");
	dir = find_tracefs();
	if (!dir)
		return fail(RC_UNSUPPORTED, "tracefs is not mounted; as root: mount -t tracefs "
					    "none /sys/kernel/tracing");
	system = xasprintf("%s/events/" EVENTS_SYSTEM, dir);
	instances = xasprintf("%s/instances", dir);
	if (access(system, F_OK))
		rc = fail(RC_UNSUPPORTED, "%s is missing; build the kernel with CONFIG_TRACING=y",
			  system);
	else if (access(instances, W_OK))
		rc = fail(RC_UNSUPPORTED, "cannot write %s: %s; is the kernel locked down?",
			  instances, strerror(errno));
	free(system);
	free(instances);
	if (!rc && tracefs_set_tracing_dir((char *)dir))
		die_nomem();
	return rc;
}

/* Instances of those of us that were killed, and could not take them away. */
static void sweep(void)
{
	char *path = tracefs_get_tracing_file("instances");
	DIR *dir = path ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		const char *digits = entry->d_name + strlen(INSTANCE);
		uint64_t pid;

		if (strncmp(entry->d_name, INSTANCE, strlen(INSTANCE)) ||
		    !parse_number(digits, 10, &pid) || !kill(pid, 0) || errno != ESRCH)
			continue;
		unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
	tracefs_put_tracing_file(path);
}

static int load_formats(struct events *e, unsigned int types)
{
	const char *const systems[] = { EVENTS_SYSTEM, NULL };
	int rc = 0, type;

	e->tep = tracefs_local_events_system(NULL, systems);
	if (!e->tep)
		return fail(RC_UNSUPPORTED,
			    "cannot read the formats of the events of " EVENTS_SYSTEM ": %s",
			    strerror(errno));
	for (type = 0; !rc && type < WATCH_COUNT; type++)
		if (types & 1u << type)
			rc = events_find(e, type);
	return rc;
}

static int open_cpu(struct events *e, int number)
{
	char *name = xasprintf("per_cpu/cpu%d/trace_pipe_raw", number);
	struct cpu *cpu = &e->cpus[e->nr_cpus];
	int fd = tracefs_instance_file_open(e->instance, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	free(name);
	if (fd < 0)
		return errno == ENOENT || errno == ENXIO
			       ? 0
			       : fail(RC_INTERNAL, "cannot read the events of CPU %d: %s", number,
				      strerror(errno));
	cpu->number = number;
	cpu->fd = fd;
	cpu->page = xcalloc(1, e->page_size);
	cpu->buffer = kbuffer_alloc(
		tep_get_header_page_size(e->tep) == 8 ? KBUFFER_LSIZE_8 : KBUFFER_LSIZE_4,
		tep_is_local_bigendian(e->tep) ? KBUFFER_ENDIAN_BIG : KBUFFER_ENDIAN_LITTLE);
	if (!cpu->buffer)
		die_nomem();
	e->polls[e->nr_cpus++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	return 0;
}

static int open_cpus(struct events *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	unsigned int kb = BUFFER_KB / (cpus > 0 ? cpus : 1);
	char *text;
	int rc = 0, i;

	if (kb < BUFFER_KB_MIN)
		kb = BUFFER_KB_MIN;
	if (kb > BUFFER_KB_MAX)
		kb = BUFFER_KB_MAX;
	text = xasprintf("%u", kb);
	/* What cannot be had of these is no reason not to watch. */
	tracefs_instance_file_write(e->instance, "buffer_size_kb", text);
	tracefs_instance_file_write(e->instance, "buffer_percent", "0");
	tracefs_instance_file_write(e->instance, "trace_clock", "mono");
	free(text);

	e->page_size = getpagesize();
	e->cpus = xcalloc(cpus, sizeof(*e->cpus));
	e->polls = xcalloc(cpus + 1, sizeof(*e->polls));
	for (i = 0; !rc && i < cpus; i++)
		rc = open_cpu(e, i);
	e->polls[e->nr_cpus] = (struct pollfd){ .fd = STDOUT_FILENO };
	if (!rc && !e->nr_cpus)
		rc = fail(RC_INTERNAL, "no CPU has a buffer of events; is tracing switched off?");
	return rc;
}

static int events_open(struct watch_source *s)
{
	struct events *e;
	char *name;
	int rc, type;

	rc = check_access();
	if (rc)
		return rc;
	sweep();
	e = xcalloc(1, sizeof(*e));
	s->own = e;
	rc = load_formats(e, s->types);
	if (rc)
		return rc;
	name = xasprintf(INSTANCE "%ld", (long)getpid());
	e->instance = tracefs_instance_create(name);
	free(name);
	if (!e->instance)
		return fail(RC_UNSUPPORTED, "cannot make an instance of tracefs: %s",
			    strerror(errno));
	rc = open_cpus(e);
	for (type = 0; !rc && type < WATCH_COUNT; type++)
		if (s->types & 1u << type &&
		    tracefs_event_enable(e->instance, EVENTS_SYSTEM, events_name(type)) < 0)
			rc = fail(RC_UNSUPPORTED, "cannot switch on the event %s: %s",
				  events_name(type), strerror(errno));
	return rc;
}

static bool anything_left(const struct events *e)
{
	size_t i;

	for (i = 0; i < e->nr_cpus; i++)
		if (e->cpus[i].next || !e->cpus[i].dry)
			return true;
	return false;
}

/* === Count and close ==================================================== */

static bool events_stop(struct watch_source *s)
{
	struct events *e = s->own;

	tracefs_instance_file_write(e->instance, "tracing_on", "0");
	return anything_left(e);
}

static uint64_t stat_of(const char *stats, const char *name)
{
	const char *at = strstr(stats, name);

	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void events_count(struct watch_source *s, struct watch_count *count)
{
	struct events *e = s->own;
	size_t i;

	count->received = e->received;
	count->dropped = 0;
	for (i = 0; i < e->nr_cpus; i++) {
		char *name = xasprintf("per_cpu/cpu%d/stats", e->cpus[i].number);
		char *stats = tracefs_instance_file_read(e->instance, name, NULL);

		free(name);
		if (!stats)
			continue;
		/* "overrun" would find "commit overrun", too, were it not the first. */
		count->dropped += stat_of(stats, "\noverrun: ") +
				  stat_of(stats, "\ncommit overrun: ") +
				  stat_of(stats, "\ndropped events: ");
		free(stats);
	}
}

static void events_close(struct watch_source *s)
{
	struct events *e = s->own;
	size_t i;

	if (!e)
		return;
	for (i = 0; i < e->nr_cpus; i++) {
		kbuffer_free(e->cpus[i].buffer);
		close(e->cpus[i].fd);
		free(e->cpus[i].page);
	}
	if (e->instance) {
		tracefs_event_disable(e->instance, EVENTS_SYSTEM, NULL);
		tracefs_instance_destroy(e->instance);
		tracefs_instance_free(e->instance);
	}
	tep_free(e->tep);
	free(e->cpus);
	free(e->polls);
	free(e);
	s->own = NULL;
}

const struct watch_ops events_ops = {
	.name = "kernel",
	.what = "the trace events of pfn_track",
	.open = events_open,
	.poll = events_poll,
	.stop = events_stop,
	.count = events_count,
	.close = events_close,
};
