// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: mappings of a stock kernel, told by BPF programs on the functions that
 * make and undo them.  What is there is found out by looking and trying, never by
 * the kernel's version.
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

#include "main.h"
#include "source_bpf.h"
#include "source_bpf_plan.h"
#include "source_kernel.h"
#include "util.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* Now and then back to the caller, who looks at the clock. */
#define BUDGET   (1 << 16)

/* A program that hangs on its function. */
struct attached {
	struct bpf_link *link;
	enum bpf_family family;
};

struct source {
	struct pfntrack_bpf *skel;
	struct ring_buffer *ring;
	struct reading reading;
	struct bpf_plan plan;
	struct attached *links;
	size_t nr_links, nr_programs;
	char *unattached; /* the first program that could not be attached, and why */
	const char *attach;
	uint64_t received, misses;
	int budget;
	bool more, stop, misses_known;
	bool only_fentry; /* no kprobes, which hide callers from a kernel with pfn_track */
};

/* === May we? ============================================================ */

static bool loads(const struct bpf_insn *code, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", code, n, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/*
 * A kernel that keeps its secrets from root, too, takes programs, but none that
 * reads it.  What libbpf asks for depends on words that the verifier has changed.
 */
static bool locked_down(void)
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

	return !loads(code, ARRAY_SIZE(code)) && loads(code + 5, 2);
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
static void choose(struct source *b, bool fentry)
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

static void detach_families(struct source *b)
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
static int attach_program(struct source *b, struct bpf_program *program)
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
static int attach(struct source *b)
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

static void detach(struct source *b)
{
	while (b->nr_links)
		bpf_link__destroy(b->links[--b->nr_links].link);
	ring_buffer__free(b->ring);
	b->ring = NULL;
	pfntrack_bpf__destroy(b->skel);
	b->skel = NULL;
	free(b->unattached);
	b->unattached = NULL;
}

static int take(void *context, void *data, size_t size)
{
	struct source *b = context;

	b->received++;
	if (size >= sizeof(struct pfntrack_event) && !bpf_read(&b->reading, data)) {
		b->stop = true;
		return -ECANCELED;
	}
	if (--b->budget > 0)
		return 0;
	b->more = true;
	return -EAGAIN;
}

/* Return: 0 or -errno. */
static int try(struct source *b, bool fentry)
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
	b->ring = ring_buffer__new(bpf_map__fd(b->skel->maps.events), take, b, NULL);
	if (!b->ring)
		return -errno;
	return attach(b);
}

/* Return: a new string. */
static char *explain_failure(const struct source *b, int err)
{
	if (err == -EPERM || err == -EACCES)
		return xasprintf(
			"the kernel forbids BPF programs: %s; run this as root with CAP_BPF "
			"and CAP_PERFMON",
			strerror(-err));
	if (locked_down())
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

/* Return: NULL if events come from here on, or why not, as a new string. */
static char *start(struct source *b)
{
	struct btf *btf;
	char *why;
	int err;

	why = check_kernel();
	if (why)
		return why;
	raise_limit();
	libbpf_set_print(listen_to_libbpf);
	b->reading.shadow = shadow_new(bpf_arch, SHADOW_MOST);
	b->reading.page = sysconf(_SC_PAGESIZE);
	if (!symbols_load(&b->reading.symbols))
		return xstrdup(
			"/proc/kallsyms tells no addresses; run this as root with CAP_SYSLOG and kernel.kptr_restrict not above 1");
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return xasprintf("cannot read " BTF_PATH ": %s", strerror(errno));
	bpf_plan_make(&b->plan, btf, lookup, &b->reading.symbols);
	if (b->plan.gap[BPF_USER]) {
		btf__free(btf);
		return xasprintf("no BPF program fits this kernel: %s", b->plan.gap[BPF_USER]);
	}
	err = only_kprobes() ? -ENOTSUP : try(b, true);
	if (err && err != -EPERM && !b->only_fentry) {
		detach(b);
		/* What could not be attached one way may be the other way. */
		bpf_plan_free(&b->plan);
		bpf_plan_make(&b->plan, btf, lookup, &b->reading.symbols);
		err = try(b, false);
	}
	btf__free(btf);
	if (err)
		return explain_failure(b, err);
	/* Again: what calls our programs is code behind that of the last module. */
	symbols_load(&b->reading.symbols);
	return NULL;
}

static int source_open(struct watch_source *s)
{
	struct source *b = xcalloc(1, sizeof(*b));
	char *why;
	size_t i;

	s->own = b;
	why = start(b);
	if (why) {
		int rc = fail(RC_UNSUPPORTED, "%s", why);

		free(why);
		return rc;
	}
	s->attach = b->attach;
	s->programs = b->nr_links;
	for (i = 0; i < BPF_FAMILIES; i++)
		if (b->plan.gap[i])
			s->gaps[s->nr_gaps++] =
				(struct watch_gap){ bpf_family_text[i], b->plan.gap[i] };
	return 0;
}

/* === Read and count ===================================================== */

static int source_poll(struct watch_source *s, int timeout)
{
	struct source *b = s->own;
	int err;

	b->budget = BUDGET;
	b->more = false;
	err = ring_buffer__poll(b->ring, timeout);
	if (err >= 0 || err == -EINTR || err == -EAGAIN || err == -ECANCELED)
		return 0;
	return fail(RC_INTERNAL, "cannot read what the BPF programs tell: %s", strerror(-err));
}

/* A program that was interrupted by itself does not run: what it would have told is lost. */
static uint64_t recursions(struct source *b)
{
	struct bpf_program *program;
	uint64_t n = 0;

	bpf_object__for_each_program(program, b->skel->obj)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_program__fd(program) >= 0 &&
		    !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
			n += info.recursion_misses;
	}
	return n;
}

/* The beginning of struct bpf_link_info, as kernels have it that count misses (6.7). */
struct probe_info {
	__u32 type, id, prog_id, unused;
	__u32 perf_type, unused2;
	__u64 name;
	__u32 name_len, offset;
	__u64 addr, missed;
};

#define LINK_PERF_EVENT 7 /* BPF_LINK_TYPE_PERF_EVENT */
#define PROBE_ENTRY     3 /* BPF_PERF_EVENT_KPROBE */
#define PROBE_RETURN    4 /* BPF_PERF_EVENT_KRETPROBE */

/* The counters go with the links: those of the last look stay. */
static void count_misses(struct source *b)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < b->nr_links; i++) {
		struct probe_info info = { 0 };
		__u32 size = sizeof(info);

		if (bpf_obj_get_info_by_fd(bpf_link__fd(b->links[i].link),
					   (struct bpf_link_info *)&info, &size) ||
		    size < sizeof(info) || info.type != LINK_PERF_EVENT ||
		    (info.perf_type != PROBE_ENTRY && info.perf_type != PROBE_RETURN))
			continue;
		b->misses_known = true;
		n += info.missed;
	}
	if (b->nr_links)
		b->misses = n;
}

/*
 * What is lost on the way to us.  A kernel that does not count the misses of
 * probes has them counted by the programs, which see only some of them.
 */
static uint64_t losses(struct source *b)
{
	int cpus = libbpf_num_possible_cpus(), i;
	struct pfntrack_counts *counts;
	uint64_t lost = recursions(b), seen = 0;
	__u32 zero = 0;

	if (cpus < 1)
		return lost;
	counts = xcalloc(cpus, sizeof(*counts));
	if (!bpf_map_lookup_elem(bpf_map__fd(b->skel->maps.counts), &zero, counts)) {
		for (i = 0; i < cpus; i++) {
			lost += counts[i].dropped;
			seen += counts[i].missed;
		}
	}
	free(counts);
	return lost + (b->misses_known ? b->misses : seen);
}

static bool source_stop(struct watch_source *s)
{
	struct source *b = s->own;

	count_misses(b);
	while (b->nr_links)
		bpf_link__destroy(b->links[--b->nr_links].link);
	b->budget = BUDGET;
	b->more = false;
	if (!b->stop)
		ring_buffer__consume(b->ring);
	return b->more;
}

static void source_count(struct watch_source *s, struct watch_count *count)
{
	struct source *b = s->own;

	count_misses(b);
	count->received = b->received;
	count->dropped = losses(b);
	count->forgotten = shadow_forgotten(b->reading.shadow);
}

static void source_close(struct watch_source *s)
{
	struct source *b = s->own;

	if (!b)
		return;
	detach(b);
	free(b->links);
	bpf_plan_free(&b->plan);
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
	b->only_fentry = only_fentry;
	*why = start(b);
	if (*why)
		state = geteuid() ? "for root" : locked_down() ? "locked down" : "unusable";
	for (i = 0; !*why && i < BPF_FAMILIES; i++) {
		if (!b->plan.gap[i])
			continue;
		*why = xasprintf("not %s: %s", bpf_family_text[i], b->plan.gap[i]);
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
