/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfntrack: what happens, as it happens.  A source delivers events, the command
 * chooses among them, a printer shows them.
 */
#ifndef PFNTRACK_WATCH_H
#define PFNTRACK_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_LIST(X)    X(map) X(unmap) X(conflict) X(leak)

#define WATCH_ENUM(name) WATCH_##name,
enum watch_type {
	WATCH_LIST(WATCH_ENUM) WATCH_COUNT
};
#undef WATCH_ENUM

#define WATCH_COMM 17
#define WATCH_NAME 64
#define WATCH_SITE 96

/* Who maps, and how; numbers are those of the uapi enums. */
struct watch_side {
	uint64_t kind, want, got;
	int64_t pid;           /* -1: nobody on record, the platform decided */
	char comm[WATCH_COMM]; /* empty: not known */
	char site[WATCH_SITE]; /* empty: not known */
};

struct watch_event {
	enum watch_type type;
	uint64_t time; /* nanoseconds since boot, of CLOCK_MONOTONIC */
	uint64_t start, end;
	uint64_t va; /* 0: not told */
	struct watch_side by;

	/* Of a conflict */
	uint64_t verdict, result;
	struct watch_side held;

	/* Of a leak */
	uint64_t gone;
	char name[WATCH_NAME], dev[WATCH_NAME];
};

/* What came and what did not; all of them, whatever is shown. */
struct watch_count {
	uint64_t received, dropped;
	uint64_t forgotten; /* mappings for which there was no room in our memory */
};

/* What a source does not see, though the kernel may do it. */
struct watch_gap {
	const char *what, *why;
};

#define WATCH_GAPS 4

struct watch_source;

/**
 * struct watch_ops - a source of events
 * @name: as JSON documents name it
 * @what: for people
 * @open: get ready; events from here on are seen or counted as dropped.
 *	Return: 0, or an exit code after an error line was printed
 * @poll: wait until something happens, a signal comes, standard output breaks
 *	or @timeout milliseconds are over, and hand what there is to watch_event()
 *	until that says stop, but not for ever.  Return: 0 or an exit code
 * @stop: let nothing new come.  Return: whether there is more to poll for
 * @count: what came and what was lost so far
 * @close: take everything back
 */
struct watch_ops {
	const char *name, *what;
	int (*open)(struct watch_source *s);
	int (*poll)(struct watch_source *s, int timeout);
	bool (*stop)(struct watch_source *s);
	void (*count)(struct watch_source *s, struct watch_count *count);
	void (*close)(struct watch_source *s);
};

struct watch_source {
	const struct watch_ops *ops;
	unsigned int types; /* bit mask of those that are wanted */
	const char *attach; /* how programs hang on functions, or NULL */
	uint64_t programs;  /* how many do; 0: the source has none */
	struct watch_gap gaps[WATCH_GAPS];
	size_t nr_gaps;
	void *own;
};

struct watch_total {
	uint64_t shown, conflicts;
	struct watch_count count;
	const char *ended; /* by what */
};

/* source_events.c: the trace events of a kernel with pfn_track */
extern const struct watch_ops events_ops;

/* source_bpf.c: BPF programs on any kernel; only where HAVE_BPF is defined */
extern const struct watch_ops bpf_ops;
const char *bpf_features(bool only_fentry, char **why);

/* source_watch.c: which of them serves this kernel */
int watch_choose(const struct watch_ops **ops);

/* cmd_watch.c */
bool watch_event(const struct watch_event *event);

/* print_watch.c */
extern const char *const watch_names[];
void watch_print_start(const struct watch_source *s);
void watch_print_event(const struct watch_event *event);
void watch_print_dropped(uint64_t fresh, uint64_t total);
void watch_print_forgotten(uint64_t fresh, uint64_t total);
void watch_print_end(const struct watch_total *total);

#endif /* PFNTRACK_WATCH_H */
