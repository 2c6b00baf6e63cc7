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
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

/* Generated; before ours, whose names it uses for its own. */
#include "pfntrack.skel.h"

#include "main.h"
#include "source_bpf.h"
#include "source_kernel.h"
#include "util.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/* Now and then back to the caller, who looks at the clock. */
#define BUDGET   (1 << 16)

struct source {
	struct pfntrack_bpf *skel;
	struct ring_buffer *ring;
	struct reading reading;
	struct bpf_link **links;
	size_t nr_links;
	uint64_t received;
	int budget;
	bool more, stop;
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

static int check_kernel(void)
{
	if (geteuid())
		return fail(RC_UNSUPPORTED, "only root may watch; run this as root");
	if (access(BTF_PATH, R_OK))
		return fail(RC_UNSUPPORTED,
			    "this kernel has no BTF (" BTF_PATH
			    " is missing); boot one built with CONFIG_DEBUG_INFO_BTF=y");
	return 0;
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

static const char *target_of(const struct bpf_program *program, bool *by_fentry)
{
	const char *section = bpf_program__section_name(program);

	*by_fentry = section[0] == 'f';
	return strchr(section, '/') + 1;
}

/* Load those programs of the one way that have something to trace. */
static size_t choose(struct source *b, bool fentry, const struct btf *btf)
{
	struct bpf_program *program;
	size_t n = 0;

	bpf_object__for_each_program(program, b->skel->obj)
	{
		bool by_fentry, load;
		const char *target = target_of(program, &by_fentry);

		load = by_fentry == fentry && symbols_have(&b->reading.symbols, target) &&
		       (!fentry || btf__find_by_name_kind(btf, target, BTF_KIND_FUNC) > 0);
		bpf_program__set_autoload(program, load);
		n += load;
	}
	return n;
}

static int attach(struct source *b)
{
	struct bpf_program *program;
	int err = -ENOENT;

	bpf_object__for_each_program(program, b->skel->obj)
	{
		struct bpf_link *link;

		if (!bpf_program__autoload(program))
			continue;
		link = bpf_program__attach(program);
		if (!link) {
			err = -errno;
			continue;
		}
		b->links = xrealloc(b->links, b->nr_links + 1, sizeof(struct bpf_link *));
		b->links[b->nr_links++] = link;
	}
	return b->nr_links ? 0 : err;
}

static void detach(struct source *b)
{
	while (b->nr_links)
		bpf_link__destroy(b->links[--b->nr_links]);
	ring_buffer__free(b->ring);
	b->ring = NULL;
	pfntrack_bpf__destroy(b->skel);
	b->skel = NULL;
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
static int try(struct source *b, bool fentry, const struct btf *btf)
{
	int err;

	b->skel = pfntrack_bpf__open();
	if (!b->skel)
		return -errno;
	if (!choose(b, fentry, btf))
		return -ENOENT;
	err = pfntrack_bpf__load(b->skel);
	if (err)
		return err;
	/* Before the first event can come. */
	b->ring = ring_buffer__new(bpf_map__fd(b->skel->maps.events), take, b, NULL);
	if (!b->ring)
		return -errno;
	return attach(b);
}

static int explain_failure(int err)
{
	if (err == -EPERM || err == -EACCES)
		return fail(RC_UNSUPPORTED,
			    "the kernel forbids BPF programs: %s; run this as root with CAP_BPF "
			    "and CAP_PERFMON",
			    strerror(-err));
	if (locked_down())
		return fail(RC_UNSUPPORTED,
			    "the kernel is locked down and lets no BPF program read it; boot "
			    "without lockdown=confidentiality");
	if (err == -ENOENT)
		return fail(RC_UNSUPPORTED,
			    "this kernel lets none of its functions be traced; boot one built "
			    "with CONFIG_FUNCTION_TRACER=y or CONFIG_KPROBES=y");
	return fail(RC_UNSUPPORTED, "this kernel takes no BPF programs: %s (%s)", strerror(-err),
		    *first_words ? first_words : "no more is known");
}

/* A word of the environment, for those who want to see what is gained by fentry. */
static bool only_kprobes(void)
{
	const char *word = getenv("PFNTRACK_ATTACH");

	return word && !strcmp(word, "kprobe");
}

static int source_open(struct watch_source *s)
{
	struct source *b;
	struct btf *btf;
	int err, rc;

	rc = check_kernel();
	if (rc)
		return rc;
	b = xcalloc(1, sizeof(*b));
	s->own = b;
	libbpf_set_print(listen_to_libbpf);
	b->reading.shadow = shadow_new(bpf_arch);
	b->reading.page = sysconf(_SC_PAGESIZE);
	if (!symbols_load(&b->reading.symbols))
		return fail(
			RC_UNSUPPORTED,
			"/proc/kallsyms tells no addresses; run this as root with CAP_SYSLOG and kernel.kptr_restrict not above 1");
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return fail(RC_UNSUPPORTED, "cannot read " BTF_PATH ": %s", strerror(errno));
	s->attach = "fentry";
	err = only_kprobes() ? -ENOTSUP : try(b, true, btf);
	if (err && err != -EPERM) {
		detach(b);
		s->attach = "kprobe";
		err = try(b, false, btf);
	}
	btf__free(btf);
	if (err)
		return explain_failure(err);
	/* Again: what calls our programs is code behind that of the last module. */
	symbols_load(&b->reading.symbols);
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

static bool source_stop(struct watch_source *s)
{
	struct source *b = s->own;

	while (b->nr_links)
		bpf_link__destroy(b->links[--b->nr_links]);
	b->budget = BUDGET;
	b->more = false;
	if (!b->stop)
		ring_buffer__consume(b->ring);
	return b->more;
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

static void source_count(struct watch_source *s, struct watch_count *count)
{
	struct source *b = s->own;
	int cpus = libbpf_num_possible_cpus(), i;
	struct pfntrack_counts *counts = xcalloc(cpus > 0 ? cpus : 1, sizeof(*counts));
	__u32 zero = 0;

	count->received = b->received;
	count->dropped = recursions(b);
	if (!bpf_map_lookup_elem(bpf_map__fd(b->skel->maps.counts), &zero, counts))
		for (i = 0; i < cpus; i++)
			count->dropped += counts[i].dropped;
	free(counts);
}

static void source_close(struct watch_source *s)
{
	struct source *b = s->own;

	if (!b)
		return;
	detach(b);
	free(b->links);
	shadow_free(b->reading.shadow);
	symbols_free(&b->reading.symbols);
	free(b);
	s->own = NULL;
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
