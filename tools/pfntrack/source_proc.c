// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: fills the model from what every kernel shows: /proc and sysfs.
 *
 * They know of a part of all mappings, of their attributes only what x86's
 * list says, and nothing of what was.  What they do not know stays unknown.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "main.h"
#include "source_kernel.h"
#include "util.h"

/* uname's machine as arch/generic/pat calls the architecture; by how it begins. */
static const struct {
	const char *machine, *arch;
} archs[] = {
	{ "x86_64", "x86" },  { "i386", "x86" },        { "i486", "x86" },
	{ "i586", "x86" },    { "i686", "x86" },        { "aarch64", "arm64" },
	{ "arm64", "arm64" }, { "arm", "arm" },         { "riscv", "riscv" },
	{ "ppc", "powerpc" }, { "powerpc", "powerpc" }, { "s390", "s390" },
	{ "mips", "mips" },   { "parisc", "parisc" },   { "loongarch", "loongarch" },
	{ "sparc", "sparc" },
};

/**
 * source_text() - a file of the machine that is looked at
 * @m: the model, which keeps the text
 * @path: on that machine
 * @err: gets the errno, or 0
 *
 * Return: the text, NULL if it cannot be read.
 */
char *source_text(struct model *m, const char *path, int *err)
{
	char *text = NULL;
	size_t len;

	*err = source_read(path, MAX_DUMP, &text, &len);
	if (*err == ENOMEM)
		die_nomem();
	return *err ? NULL : model_keep(m, text);
}

/**
 * proc_arch() - the architecture, by arch/generic/pat's name
 * @m: the model, which keeps the text
 *
 * Return: a word, NULL if the machine does not say.
 */
const char *proc_arch(struct model *m)
{
	struct utsname name;
	size_t i;
	int err;
	const char *machine = source_text(m, PROC_ARCH, &err);

	/* Kernels before 6.1 do not have the file; a snapshot of one has it. */
	if (!machine && !*opts.root && !uname(&name))
		machine = name.machine;
	for (i = 0; machine && i < ARRAY_SIZE(archs); i++)
		if (!strncmp(machine, archs[i].machine, strlen(archs[i].machine)))
			return archs[i].arch;
	return machine ? "generic" : NULL;
}

/*
 * One line of vmallocinfo: two addresses, the size with the guard page behind
 * it, the call site, perhaps [module], and what the area is.  The addresses are
 * skipped: they are nobody's business.
 */
static bool parse_ioremap(char *line, uint64_t page, bool arm, struct mapping *map)
{
	char *word = strsep(&line, " "), *bracket;
	uint64_t size = 0, phys = 0;
	bool found = false;

	while ((word = strsep(&line, " ")) && !*word)
		;
	if (!word || !parse_number(word, 10, &size))
		return false;
	map->site = strsep(&line, " ");
	/* arm makes these areas before there is vmalloc(), without a guard page. */
	if (arm && map->site && !strncmp(map->site, "iotable_init", strlen("iotable_init")))
		page = 0;
	if (size <= page)
		return false;
	while ((word = strsep(&line, " "))) {
		bracket = strchr(word, ']');
		if (*word == '[' && bracket && !map->module) {
			*bracket = '\0';
			map->module = word + 1;
		} else if (!strncmp(word, "phys=", 5)) {
			found = parse_number(word + 5, 16, &phys);
		} else if (!strcmp(word, "ioremap")) {
			map->kind = kind_names[PFN_KIND_IOREMAP];
		}
	}
	if (!found || !map->kind || phys > UINT64_MAX - size)
		return false;
	map->range = (struct span){ true, phys, phys + size - page - 1 };
	map->space = "kernel";
	return true;
}

static int load_ioremaps(struct model *m, uint64_t page)
{
	bool arm = m->arch && !strcmp(m->arch, "arm");
	char *text, *line, *path;
	struct mapping map;
	int err, rc;

	text = source_text(m, PROC_VMALLOC, &err);
	if (!text) {
		path = source_path(PROC_VMALLOC);
		rc = err == ENOENT
			     ? fail(RC_UNSUPPORTED,
				    "%s is missing; there is nothing that shows mappings", path)
			     : source_open_failed(path, err);
		free(path);
		return rc;
	}
	while ((line = strsep(&text, "\n"))) {
		memset(&map, 0, sizeof(map));
		if (parse_ioremap(line, page, arm, &map))
			*(struct mapping *)xappend(&m->records, &m->nr_records, sizeof(map)) = map;
	}
	return 0;
}

/* What the machine calls a page: the guard behind each area is one. */
static int page_size(const struct model *m, uint64_t *page)
{
	uint64_t said = *opts.root ? snapshot_page() : (uint64_t)sysconf(_SC_PAGESIZE);

	/* These have pages of one size only. */
	if (!said && m->arch &&
	    (!strcmp(m->arch, "x86") || !strcmp(m->arch, "riscv") || !strcmp(m->arch, "s390")))
		said = 4096;
	*page = said;
	if (said)
		return 0;
	return fail(RC_INTERNAL,
		    "%s does not say how large a page is; take it with 'pfntrack snapshot'",
		    opts.root);
}

static void join_memtypes(struct model *m)
{
	struct memtypes *list = memtypes_load(m);
	size_t i;

	if (!list && m->arch && !strcmp(m->arch, "arm64")) {
		unseen_add(
			m, UNSEEN_attribute, 1,
			xstrdup("attributes of kernel mappings (of files: what their drivers ask for)"));
		return;
	}
	if (!list) {
		unseen_add(m, UNSEEN_attribute, 1,
			   strcmp(m->arch ? m->arch : "", "x86") || source_debugfs_mounted()
				   ? xstrdup("attributes")
				   : xstrdup("attributes (debugfs is not mounted)"));
		return;
	}
	for (i = 0; i < m->nr_records; i++)
		if (m->records[i].range.known)
			m->records[i].got = memtype_of(list, &m->records[i].range);
	memtypes_add_orphans(m, list);
	memtypes_free(list);
	unseen_add(m, UNSEEN_attribute, 1, xstrdup("attributes of RAM and of the first MiB"));
}

static int by_address(const void *a, const void *b)
{
	const struct mapping *x = a, *y = b;

	if (x->range.known != y->range.known)
		return x->range.known ? -1 : 1;
	if (x->range.start != y->range.start)
		return x->range.start < y->range.start ? -1 : 1;
	if (x->va.start != y->va.start)
		return x->va.start < y->va.start ? -1 : 1;
	return 0;
}

/**
 * proc_load() - fill the model from /proc and sysfs
 * @m: zeroed; to be freed by the caller in any case
 * @what: LOAD_ flags; what these files do not know is left as it is
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int proc_load(struct model *m, unsigned int what)
{
	static const struct {
		enum unseen sort;
		const char *what;
	} never[] = {
		{ UNSEEN_history, "what was mapped before" },
		{ UNSEEN_request, "what kernel code asked for" },
		{ UNSEEN_kind, "vmap" },
		{ UNSEEN_kind, "set_memory" },
		{ UNSEEN_path, "memremap of RAM" },
		{ UNSEEN_path, "PCI's I/O window" },
		{ UNSEEN_kind, "claims" },
		{ UNSEEN_path, "DMA" },
		{ UNSEEN_path, "IOMMUs" },
	};
	uint64_t page;
	size_t i;
	int rc;

	(void)what;
	m->arch = proc_arch(m);
	rc = page_size(m, &page);
	if (!rc)
		rc = load_ioremaps(m, page);
	if (rc)
		return rc;
	/* Processes map BARs: those are needed, not garnish. */
	platform_load(m);
	proc_maps_load(m);
	join_memtypes(m);
	for (i = 0; i < ARRAY_SIZE(never); i++)
		unseen_add(m, never[i].sort, 1, xstrdup(never[i].what));
	if (m->unplaced)
		unseen_add(m, UNSEEN_target, m->unplaced,
			   xasprintf("where %zu mapping%s of page frames lead%s", m->unplaced,
				     m->unplaced == 1 ? "" : "s", m->unplaced == 1 ? "s" : ""));
	if (m->nr_records)
		qsort(m->records, m->nr_records, sizeof(*m->records), by_address);
	return 0;
}
