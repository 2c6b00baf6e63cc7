// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: mappings of a stock kernel, told by BPF programs on the functions that
 * make and undo them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "main.h"
#include "source_bpf.h"
#include "source_bpf_load.h"
#include "source_kernel.h"
#include "util.h"

/*
 * Now and then back to the caller, who looks at the clock: after so many events, or
 * so many milliseconds, for each costs as much as its pages have holders.
 */
#define BUDGET    (1 << 16)
#define BUDGET_MS 100

struct source {
	struct bpf_programs programs;
	struct reading reading;
	uint64_t received, until;
	int budget;
	bool more, stop;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void grant(struct source *b)
{
	b->budget = BUDGET;
	b->until = now_ms() + BUDGET_MS;
	b->more = false;
}

static int take(void *context, void *data, size_t size)
{
	struct source *b = context;

	b->received++;
	if (size >= sizeof(struct pfntrack_event) && !bpf_read(&b->reading, data)) {
		b->stop = true;
		return -ECANCELED;
	}
	if (--b->budget > 0 && now_ms() < b->until)
		return 0;
	b->more = true;
	return -EAGAIN;
}

/* Return: NULL if events come from here on, or why not, as a new string. */
static char *start(struct source *b, bool only_fentry)
{
	char *why;

	b->reading.shadow = shadow_new(bpf_arch, SHADOW_MOST);
	b->reading.page = sysconf(_SC_PAGESIZE);
	b->reading.format = bpf_format();
	if (geteuid())
		return xstrdup("only root may watch; run this as root");
	if (!symbols_load(&b->reading.symbols))
		return xstrdup(
			"/proc/kallsyms tells no addresses; run this as root with CAP_SYSLOG "
			"and kernel.kptr_restrict not above 1");
	why = bpf_load(&b->programs, &b->reading.symbols, only_fentry, take, b);
	/* Again: what calls our programs is code behind that of the last module. */
	if (!why)
		symbols_load(&b->reading.symbols);
	return why;
}

static int source_open(struct watch_source *s)
{
	struct source *b = xcalloc(1, sizeof(*b));
	char *why;
	size_t i;

	s->own = b;
	why = start(b, false);
	if (why) {
		int rc = fail(RC_UNSUPPORTED, "%s", why);

		free(why);
		return rc;
	}
	s->attach = b->programs.attach;
	s->programs = b->programs.nr_links;
	for (i = 0; i < BPF_FAMILIES; i++)
		if (b->programs.plan.gap[i])
			s->gaps[s->nr_gaps++] =
				(struct watch_gap){ bpf_family_text[i], b->programs.plan.gap[i] };
	return 0;
}

static int source_poll(struct watch_source *s, int timeout)
{
	struct source *b = s->own;
	int err;

	grant(b);
	err = ring_buffer__poll(b->programs.ring, timeout);
	if (err >= 0 || err == -EINTR || err == -EAGAIN || err == -ECANCELED)
		return 0;
	return fail(RC_INTERNAL, "cannot read what the BPF programs tell: %s", strerror(-err));
}

static bool source_stop(struct watch_source *s)
{
	struct source *b = s->own;

	/* The counters of misses go with the links. */
	bpf_losses(&b->programs);
	bpf_detach(&b->programs);
	grant(b);
	if (!b->stop)
		ring_buffer__consume(b->programs.ring);
	return b->more;
}

static void source_count(struct watch_source *s, struct watch_count *count)
{
	struct source *b = s->own;

	count->received = b->received;
	count->dropped = bpf_losses(&b->programs);
	count->forgotten = shadow_forgotten(b->reading.shadow);
}

static void source_close(struct watch_source *s)
{
	struct source *b = s->own;

	if (!b)
		return;
	bpf_unload(&b->programs);
	shadow_free(b->reading.shadow);
	symbols_free(&b->reading.symbols);
	free(b);
	s->own = NULL;
}

/**
 * bpf_features() - do the programs of watch really load and attach here?
 * @only_fentry: whether not to try kprobes
 * @why: a new string if not or not all of them, else NULL
 *
 * Return: a word as "pfntrack features" has it.
 */
const char *bpf_features(bool only_fentry, char **why)
{
	struct watch_source s = { .ops = &bpf_ops };
	struct source *b = xcalloc(1, sizeof(*b));
	const char *state = "yes";
	size_t i;

	s.own = b;
	*why = start(b, only_fentry);
	if (*why)
		state = geteuid() ? "for root" : bpf_locked_down() ? "locked down" : "unusable";
	for (i = 0; !*why && i < BPF_FAMILIES; i++) {
		if (!b->programs.plan.gap[i])
			continue;
		*why = xasprintf("not %s: %s", bpf_family_text[i], b->programs.plan.gap[i]);
		state = "in part";
	}
	source_close(&s);
	return state;
}

const struct watch_ops bpf_ops = {
	.name = "bpf",
	.what = "what is mapped from now on, with BPF programs",
	.open = source_open,
	.poll = source_poll,
	.stop = source_stop,
	.count = source_count,
	.close = source_close,
};
