// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the BPF programs of watch in the running kernel: which are loaded, and
 * how they hang on their functions.  What is there is found out by
 * looking and trying, never by the kernel's version.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* Generated; before ours, whose names it uses for its own. */
#include "pfntrack.skel.h"

#include "source_bpf_load.h"
#include "util.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* === May we? ============================================================ */

/* What any kernel takes that takes programs at all. */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static bool loads(const struct bpf_insn *code, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", code, n, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/**
 * bpf_locked_down() - does the kernel keep its secrets from root, too?
 *
 * Such a kernel takes programs, but none that reads it.  What libbpf asks for
 * depends on words that the verifier has changed.
 */
bool bpf_locked_down(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 1, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 1, .imm = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = 8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 0 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_probe_read_kernel },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return !loads(code, ARRAY_SIZE(code)) && loads(nothing, ARRAY_SIZE(nothing));
}

/* Return: why not, as a new string, or NULL. */
static char *check_kernel(void)
{
	if (geteuid())
		return xstrdup("only root may watch; run this as root");
	if (access(BTF_PATH, R_OK))
		return xstrdup("this kernel has no BTF (" BTF_PATH
			       " is missing); boot one built with CONFIG_DEBUG_INFO_BTF=y");
	return NULL;
}

/* Each program takes two descriptors, and there are more than some sessions allow. */
static void raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur == files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

/* === Load and attach ==================================================== */

/* The first thing that libbpf had to say, for when all else fails. */
static char first_words[256];

static int listen_to_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list again;

	if (level != LIBBPF_WARN)
		return 0;
	if (getenv("PFNTRACK_DEBUG")) {
		va_copy(again, args);
		vfprintf(stderr, format, again);
		va_end(again);
	}
	if (!*first_words) {
		vsnprintf(first_words, sizeof(first_words), format, args);
		first_words[strcspn(first_words, "\n")] = '\0';
	}
	return 0;
}

static enum bpf_symbol lookup(const void *symbols, const char *function)
{
	if (symbols_have(symbols, function))
		return BPF_SYMBOL_PRESENT;
	return symbols_have_clone(symbols, function) ? BPF_SYMBOL_CLONED : BPF_SYMBOL_ABSENT;
}

static bool by_fentry(const struct bpf_program *program)
{
	return bpf_program__section_name(program)[0] == 'f';
}

/* Load those programs of the one way that the plan has. */
static void choose(struct bpf_programs *b, bool fentry)
{
	struct bpf_program *program;

	b->nr_programs = 0;
	bpf_object__for_each_program(program, b->skel->obj)
	{
		bool load = by_fentry(program) == fentry &&
			    bpf_plan_has(&b->plan, bpf_program__name(program));

		bpf_program__set_autoload(program, load);
		b->nr_programs += load;
	}
}

static void detach_families(struct bpf_programs *b)
{
	size_t i, left = 0;

	for (i = 0; i < b->nr_links; i++) {
		if (b->plan.gap[b->links[i].family])
			bpf_link__destroy(b->links[i].link);
		else
			b->links[left++] = b->links[i];
	}
	b->nr_links = left;
}

/* Return: 0, or -errno if nothing can be watched without this program. */
static int attach_program(struct bpf_programs *b, struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach(program);
	const char *name = bpf_program__name(program);
	enum bpf_family family = BPF_USER;
	int err = -errno;

	bpf_plan_family(name, &family);
	if (link) {
		b->links = xrealloc(b->links, b->nr_links + 1, sizeof(*b->links));
		b->links[b->nr_links++] = (struct attached){ link, family };
		return 0;
	}
	if (family == BPF_USER) {
		free(b->unattached);
		b->unattached =
			xasprintf("%s: %s", bpf_program__section_name(program), strerror(-err));
		return err;
	}
	bpf_plan_drop(&b->plan, family,
		      xasprintf("a program cannot be attached to %s: %s",
				strchr(bpf_program__section_name(program), '/') + 1,
				strerror(-err)));
	detach_families(b);
	return 0;
}

/*
 * First what sees the end of mappings, then what sees their beginning: a mapping
 * that comes and goes meanwhile must not be taken for one that stays.
 */
static int attach(struct bpf_programs *b)
{
	struct bpf_program *program;
	int err, begins;

	for (begins = 0; begins < 2; begins++) {
		bpf_object__for_each_program(program, b->skel->obj)
		{
			const char *name = bpf_program__name(program);

			if (!bpf_program__autoload(program) || !bpf_plan_has(&b->plan, name) ||
			    bpf_plan_begins(name) != begins)
				continue;
			err = attach_program(b, program);
			if (err)
				return err;
		}
	}
	return 0;
}

/**
 * bpf_detach() - take the programs off their functions
 * @b: loaded
 *
 * What they have sent can still be read.
 */
void bpf_detach(struct bpf_programs *b)
{
	while (b->nr_links)
		bpf_link__destroy(b->links[--b->nr_links].link);
}

/* As before loading. */
static void unload(struct bpf_programs *b)
{
	bpf_detach(b);
	ring_buffer__free(b->ring);
	b->ring = NULL;
	pfntrack_bpf__destroy(b->skel);
	b->skel = NULL;
	free(b->unattached);
	b->unattached = NULL;
}

/* Return: 0 or -errno. */
static int try(struct bpf_programs *b, bool fentry, ring_buffer_sample_fn take, void *context)
{
	int err;

	b->attach = fentry ? "fentry" : "kprobe";
	b->skel = pfntrack_bpf__open();
	if (!b->skel)
		return -errno;
	choose(b, fentry);
	err = pfntrack_bpf__load(b->skel);
	if (err)
		return err;
	/* Before the first event can come. */
	b->ring = ring_buffer__new(bpf_map__fd(b->skel->maps.events), take, context, NULL);
	if (!b->ring)
		return -errno;
	return attach(b);
}

/* Return: a new string. */
static char *explain_failure(const struct bpf_programs *b, int err)
{
	/* A program that the verifier rejects is "permission denied", too. */
	if ((err == -EPERM || err == -EACCES) && !loads(nothing, ARRAY_SIZE(nothing)))
		return xasprintf(
			"the kernel forbids BPF programs: %s; run this as root with CAP_BPF "
			"and CAP_PERFMON",
			strerror(-err));
	if (bpf_locked_down())
		return xstrdup("the kernel is locked down and lets no BPF program read it; boot "
			       "without lockdown=confidentiality");
	if (b->unattached)
		return xasprintf(
			"only %zu of %zu BPF programs could be attached (%s), which is not "
			"enough to tell what is mapped",
			b->nr_links, b->nr_programs, b->unattached);
	return xasprintf("this kernel takes no BPF programs: %s (%s)", strerror(-err),
			 *first_words ? first_words : "no more is known");
}

/* A word of the environment, for those who want to see what is gained by fentry. */
static bool only_kprobes(void)
{
	const char *word = getenv("PFNTRACK_ATTACH");

	return word && !strcmp(word, "kprobe");
}

/**
 * bpf_load() - load and attach the programs that fit the running kernel
 * @b: zeroed; bpf_unload() also if this fails
 * @symbols: of the kernel
 * @only_fentry: no kprobes, which hide callers from a kernel with pfn_track
 * @take: gets the events
 * @context: for @take
 *
 * Return: NULL if events come from here on, or why not, as a new string.
 */
char *bpf_load(struct bpf_programs *b, const struct symbols *symbols, bool only_fentry,
	       ring_buffer_sample_fn take, void *context)
{
	struct btf *btf;
	char *why;
	int err;

	why = check_kernel();
	if (why)
		return why;
	raise_limit();
	libbpf_set_print(listen_to_libbpf);
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return xasprintf("cannot read " BTF_PATH ": %s", strerror(errno));
	bpf_plan_make(&b->plan, btf, lookup, symbols);
	if (b->plan.gap[BPF_USER]) {
		btf__free(btf);
		return xasprintf("no BPF program fits this kernel: %s", b->plan.gap[BPF_USER]);
	}
	err = only_kprobes() ? -ENOTSUP : try(b, true, take, context);
	if (err && err != -EPERM && !only_fentry) {
		unload(b);
		/* What could not be attached one way may be the other way. */
		bpf_plan_free(&b->plan);
		bpf_plan_make(&b->plan, btf, lookup, symbols);
		err = try(b, false, take, context);
	}
	btf__free(btf);
	return err ? explain_failure(b, err) : NULL;
}

/**
 * bpf_unload() - take back all that bpf_load() did
 * @b: zeroed or loaded
 */
void bpf_unload(struct bpf_programs *b)
{
	unload(b);
	free(b->links);
	b->links = NULL;
	bpf_plan_free(&b->plan);
}
