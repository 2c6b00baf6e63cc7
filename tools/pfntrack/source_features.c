// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: looks what this kernel offers, and what keeps us from reading it. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"
#include "watch.h"

static const struct {
	const char *name, *path, *what;
} offers[] = {
	{ "pfn_track", PFN_SYSFS "/policy", "policy and counters" },
	{ "records", PFN_DEBUGFS "/records", "every mapping and its holder" },
	{ "conflicts", PFN_DEBUGFS "/conflicts", "mappings that disagreed" },
	{ "leaks", PFN_DEBUGFS "/leaks", "what drivers and modules left mapped" },
	{ "coverage", PFN_DEBUGFS "/coverage", "which kinds of mappings are watched" },
	{ "audit", PFN_DEBUGFS "/audit", "page tables beside the records" },
	{ "events", "/sys/kernel/tracing/events/pfn_track/enable",
	  "for perf, ftrace and bpftrace" },
	{ "bpf", "/sys/kernel/btf/vmlinux", "what the programs of watch need: source bpf" },
	{ "vmallocinfo", PROC_VMALLOC, "what ioremap() made, on any kernel: source proc" },
	{ "memtype", PROC_MEMTYPE, "x86's own list, without holders" },
};

/* Opening an audit does not run it. */
static const char *state_of(const char *path)
{
	int fd = source_open_file(path, O_RDONLY | O_NONBLOCK);
	int err = errno;

	if (fd >= 0) {
		close(fd);
		return "yes";
	}
	switch (err) {
	case ENOENT:
		return "no";
	case EACCES:
		return "for root";
	case EPERM:
		return "locked down";
	}
	return "unreadable";
}

static const char *first_line(struct model *m, const char *path)
{
	char *text;
	size_t len;

	if (source_read(path, MAX_WORD, &text, &len))
		return NULL;
	model_keep(m, text);
	text[strcspn(text, "\n")] = '\0';
	return *text ? text : NULL;
}

/* The one in brackets: none [integrity] confidentiality */
static const char *lockdown(struct model *m)
{
	const char *line = first_line(m, "/sys/kernel/security/lockdown");
	const char *open_at = line ? strchr(line, '[') : NULL;
	char *word;

	if (!open_at)
		return NULL;
	word = model_keep(m, xstrdup(open_at + 1));
	word[strcspn(word, "]")] = '\0';
	return word;
}

/* The kernel's BTF alone says little: whether programs load and attach is found by trying. */
static void try_bpf(struct model *m, struct feature *f)
{
#ifdef HAVE_BPF
	char *why;

	if (*opts.root || strcmp(f->state, "yes"))
		return;
	f->state = bpf_features(feature_is(m, "pfn_track"), &why);
	if (!why)
		return;
	f->what = model_keep(m, xasprintf("%s; %s", f->what, why));
	free(why);
#else
	(void)m;
	if (!*opts.root)
		f->state = "not built";
#endif
}

/**
 * features_load() - add to the model what the kernel offers
 * @m: the model
 *
 * What is not there is an answer, not an error; what is there and malformed is.
 *
 * Return: 0 or an exit code.
 */
int features_load(struct model *m)
{
	struct feature *debugfs;
	size_t i;

	debugfs = xappend(&m->features, &m->nr_features, sizeof(*debugfs));
	debugfs->name = "debugfs";
	debugfs->what = "where the files below are, but for pfn_track and events";
	debugfs->state = source_debugfs_mounted() ? "yes" : "not mounted";
	for (i = 0; i < ARRAY_SIZE(offers); i++) {
		struct feature *f = xappend(&m->features, &m->nr_features, sizeof(*f));

		f->name = offers[i].name;
		f->what = offers[i].what;
		f->state = state_of(offers[i].path);
		if (!strcmp(f->name, "bpf"))
			try_bpf(m, f);
	}
	m->release = first_line(m, "/proc/sys/kernel/osrelease");
	m->lockdown = lockdown(m);
	/* Without pfn_track: what the other source can do. */
	if (!feature_is(m, "pfn_track"))
		return feature_is(m, "vmallocinfo") ? source_load(m, LOAD_RECORDS) : 0;
	return source_load(m, LOAD_SYSFS | (feature_is(m, "coverage") ? LOAD_COVERAGE : 0));
}
