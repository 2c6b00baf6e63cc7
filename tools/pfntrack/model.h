/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pfntrack: the data model.  Sources fill it, printers show it; neither knows
 * the other.  All strings are decoded, belong to the model and may hold any
 * byte; NULL is "not known, or does not apply" (a dash in the dumps).
 */
#ifndef PFNTRACK_MODEL_H
#define PFNTRACK_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/pfn_track.h>

/* Byte addresses, both inclusive, as in the dumps. */
struct span {
	bool known;
	uint64_t start, end;
};

/*
 * One mapping and its holder.  The vocabulary is kept as text, so that a word
 * which a newer kernel adds is shown instead of refused.
 */
struct mapping {
	struct span range, va;
	const char *space, *kind, *want, *got;
	const char *pid; /* checked: a decimal number */
	const char *comm, *site, *module, *dev, *driver;
	const char *file; /* that a process mapped; a kernel with pfn_track does not say */
	const char *time; /* checked: seconds since boot */
};

/*
 * What a source does not see, by sort: X(sort).  Metrics have a number for each,
 * so the words are fixed.
 */
#define UNSEEN_LIST(X) \
	X(kind)        \
	X(policy)      \
	X(path)        \
	X(path_list)   \
	X(early) X(linear_map) X(attribute) X(request) X(history) X(process) X(target)

#define UNSEEN_ENUM(name) UNSEEN_##name,
enum unseen {
	UNSEEN_LIST(UNSEEN_ENUM) UNSEEN_COUNT
};
#undef UNSEEN_ENUM

/* From where the data come: each sees another part of the truth. */
enum view {
	VIEW_KERNEL, /* a kernel with pfn_track */
	VIEW_PROC,   /* any kernel: /proc and sysfs, joined by address */
	VIEW_COUNT,
};

/* A run of page frames that is mapped more than once, by the same mappings throughout. */
struct alias {
	struct span range;
	size_t holders;
	const struct mapping *a, *b; /* the worst two; @a is the newer one, if that is known */
	bool linear;                 /* @b is the linear map */
	enum pfn_verdict verdict;    /* of what the page tables hold */
	bool downgrade;              /* one of them asked for another attribute than both have */
	const char *why, *source;
};

/*
 * @new.range is what suffers of @asked: where the two disagree, or all of it if
 * the newcomer got another attribute than it asked for.  @new.time is the time of
 * the conflict.  Bytes and numbers are lower bounds unless @exact.
 */
struct conflict {
	uint64_t id, count;
	const char *cause;   /* NULL: an older kernel, which does not say */
	uint64_t bytes;      /* within @new.range that suffer */
	uint64_t held_bytes; /* of @asked that the holder, and further ones like it, have */
	uint64_t further;    /* mappings on the other side besides @held */
	struct span asked;
	bool exact;
	bool downgrade; /* @new got another attribute, and goes with all that is held */
	const char *verdict, *result, *policy, *why, *source, *advice;
	struct mapping new, held;
	bool has_held;  /* false: no recorded mapping decided; see the cause */
	uint64_t fresh; /* how often it happened since the time that is asked about */
	bool unsure;    /* it repeated, perhaps since then */
	bool old;       /* not since the time that is asked about, or acknowledged */
};

/* What an audit has against the registry; @map is what is on record, if anything. */
struct finding {
	const char *type;  /* missing, stale, differs, alias, broken */
	const char *found; /* attribute in the page tables; NULL: nothing is mapped */
	struct mapping map;
};

/*
 * Numbers in the head of the audit: X(name).  From plain_pages on, kernels before
 * them do not say; from missing on, they are findings by type.
 */
#define AUDIT_LIST(X)   \
	X(kernel_pages) \
	X(user_spaces)  \
	X(user_areas)   \
	X(user_pages)   \
	X(skipped)      \
	X(records)      \
	X(unreached)    \
	X(uncovered)    \
	X(findings) X(plain_pages) X(entries) X(missing) X(stale) X(differs) X(alias) X(broken)

#define AUDIT_ENUM(name) AUDIT_##name,
enum audit_number {
	AUDIT_LIST(AUDIT_ENUM) AUDIT_COUNT
};
#undef AUDIT_ENUM

/* A mapping, or claim, that outlived the driver or module that made it. */
struct leak {
	uint64_t id;
	const char *gone; /* how it went: unbound, not-bound, unloaded */
	const char *name; /* of the driver or module */
	const char *dev;  /* that it left, or NULL */
	const char *time; /* checked: seconds since boot */
	struct mapping map;
	bool old; /* as of a conflict */
};

/* What happened since boot, since a time, or since it was acknowledged. */
struct history {
	const char *since, *leaks_since; /* in words; NULL: not loaded */
	bool limited;                    /* not all since boot counts */
	uint64_t conflicts;              /* whose newcomer was mapped */
	uint64_t refused;                /* whose newcomer was refused: nothing wrong is mapped */
	uint64_t leaks;
	uint64_t unlisted, unlisted_leaks; /* that count, or may, but are no longer listed */
	size_t hidden, hidden_leaks;       /* that are listed, but not since then */
	bool unsure; /* earlier ones repeated, or are not listed: when is not known */
};

struct hook {
	const char *kind, *state;
};

/* A way to map page frames, as the kernel names it, and what it sees of it. */
struct road {
	const char *name;
	const char *state; /* live, partly, off, uncovered, absent */
	const char *why;
};

/* An attribute that a driver may ask for, and that this boot maps as another. */
struct impossible {
	const char *want, *got, *why;
};

/* Counters of sysfs, one file each: X(file name) */
#define COUNTER_LIST(X) \
	X(records)      \
	X(maps)         \
	X(unmaps) X(conflicts) X(refused) X(downgrades) X(suppressed) X(incomplete) X(late) X(leaks)

#define COUNTER_ENUM(name) COUNTER_##name,
enum counter {
	COUNTER_LIST(COUNTER_ENUM) COUNTER_COUNT
};
#undef COUNTER_ENUM

/* Something that this kernel offers, or not. */
struct feature {
	const char *name, *what;
	const char *state; /* yes, no, or what keeps it */
};

/* One line of /proc/iomem; @depth counts its parents, which come before it. */
struct resource {
	uint64_t start, end;
	unsigned int depth;
	const char *name;
};

struct pci_bar {
	uint64_t start, end;
	int bar;                     /* 0 to 5; 6 is the expansion ROM */
	const char *device, *driver; /* @driver: NULL if none is bound */
};

struct model {
	enum view view;
	const char **unseen; /* what the source does not see, in words */
	size_t nr_unseen;
	uint64_t unseen_counts[UNSEEN_COUNT]; /* the same, by sort */
	const char *not_known;                /* why what was asked for is not, or NULL */
	bool filtered;                        /* records that nobody asked for were left out */
	size_t unplaced;                      /* mappings whose page frames it does not know */

	const char *policy, *arch;
	const char *kind_policy[PFN_KIND_COUNT]; /* NULL: not offered */
	uint64_t counters[COUNTER_COUNT];
	bool counts_leaks; /* false: a kernel before that counter */

	struct mapping *records;
	size_t nr_records;
	uint64_t incomplete, late; /* as of the dumps or sysfs, the larger */

	struct mapping *linear; /* RAM, as the kernel's linear map has it unless it is changed */
	size_t nr_linear;
	size_t missed; /* records that could disagree with RAM which /proc/iomem does not list */

	struct alias *aliases; /* the worst first */
	size_t nr_aliases;

	struct conflict *conflicts;
	size_t nr_conflicts;
	uint64_t total, suppressed; /* as of the conflicts dump */

	struct finding *findings;
	size_t nr_findings;
	uint64_t audit[AUDIT_COUNT];
	unsigned int audit_seen; /* which of them were in the head, a bit each */

	struct history history;

	struct leak *leaks;
	size_t nr_leaks;
	uint64_t leaks_total; /* as of the leaks dump */

	struct hook *hooks;
	size_t nr_hooks;

	struct road *roads;
	size_t nr_roads; /* 0: a kernel before these lines; roads without a hook are not known */

	struct impossible *impossible;
	size_t nr_impossible;

	struct feature *features;
	size_t nr_features;
	const char *release, *lockdown; /* NULL: the machine does not say */

	struct resource *resources;
	size_t nr_resources;
	struct pci_bar *bars;
	size_t nr_bars;
	unsigned int phys_bits; /* 0: the machine does not say */

	struct chunk *chunks; /* what the strings live in */
	struct pool *pool;    /* those of dumps */
	/* What model_linear.c has found out, by kind: 1 yes, -1 no, 0 not asked yet. */
	signed char linear_silence[PFN_KIND_COUNT];
};

/* Enumerator order of the vocabulary; each table ends with NULL. */
extern const char *const attr_names[];
extern const char *const kind_names[];
extern const char *const policy_names[];
extern const char *const verdict_names[];
extern const char *const view_names[];
extern const char *const unseen_names[];
extern const char *const counter_names[];
extern const char *const audit_names[];

/* Answers that are derived from the model, alike for every printer. */
struct summary {
	int healthy; /* 1 clean, 0 conflicts, -1 not known */
	char *text;  /* one sentence; free() it */
};

char *model_keep(struct model *m, char *text);
struct pool *model_pool(struct model *m);
void model_free(struct model *m);

uint64_t span_size(const struct span *s);
bool span_has(const struct span *s, uint64_t address);
bool mapping_downgraded(const struct mapping *map);

int verdict_of(const char *word);
const char *worst_verdict(const struct model *m);
const char *worst_fresh(const struct model *m);
const char *hook_state(const struct model *m, const char *kind);
uint64_t count_linear(const struct model *m);
size_t count_kind(const struct model *m, const char *kind);
size_t count_attr(const struct model *m, const char *attr);
bool policy_off(const char *word);
bool feature_is(const struct model *m, const char *name);
size_t count_uncovered(const struct model *m);
char *roads_text(const struct model *m);
struct summary summarize_features(const struct model *m);

/* model_known.c */
bool kind_recorded(const struct model *m, const char *kind);
bool kind_reported(const struct model *m, const char *kind);
bool recording(const struct model *m);
bool reporting(const struct model *m);
char *caveats(const struct model *m);
char *unknown_text(const struct model *m, bool reports);
char *missed_text(const struct model *m);
char *unlisted_text(uint64_t n, const char *what);

/* model_status.c */
struct summary summarize(const struct model *m);
struct summary summarize_conflicts(const struct model *m);
struct summary summarize_leaks(const struct model *m);
struct summary summarize_live(const struct model *m);
int summary_rc(struct summary *s);

/* model_source.c */
const char *view_text(const struct model *m);
void unseen_add(struct model *m, enum unseen sort, uint64_t count, char *what);
void unseen_from_coverage(struct model *m);
char *unseen_text(const struct model *m);

/* model_alias.c */
void aliases_find(struct model *m);

/* model_linear.c */
bool linear_missed(struct model *m, const struct mapping *map);

/* model_judge.c */
unsigned int alias_rank(const struct alias *alias);
bool alias_harms(const struct alias *alias);
char *alias_verdict_text(const struct alias *alias);
size_t count_aliases(const struct model *m, enum pfn_verdict verdict);
size_t count_downgraded(const struct model *m);
size_t count_harmful(const struct model *m);
char *aliases_text(const struct model *m);

bool conflict_refused(const struct conflict *c);
uint64_t count_findings(const struct model *m, enum audit_number type);
bool audit_says(const struct model *m, enum audit_number number);
struct summary summarize_audit(const struct model *m);

/* advice.c */
const char *consequence(const struct conflict *c);
const char *advice(const struct conflict *c);
const char *alias_advice(const struct alias *alias);

char *resource_path(const struct model *m, uint64_t address);
const struct pci_bar *find_bar(const struct model *m, uint64_t address);
uint64_t phys_limit(const struct model *m);

#endif /* PFNTRACK_MODEL_H */
