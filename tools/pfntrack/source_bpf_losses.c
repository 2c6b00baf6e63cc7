// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: what the BPF programs of watch, and their probes, did not deliver. */

#include <stdlib.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Generated; before ours, whose names it uses for its own. */
#include "pfntrack.skel.h"

#include "source_bpf.h"
#include "source_bpf_load.h"
#include "util.h"

/* A program that was interrupted by itself does not run: what it would have told is lost. */
static uint64_t recursions(struct bpf_programs *b)
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
static void count_misses(struct bpf_programs *b)
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

/**
 * bpf_losses() - how many events were lost on the way to us?
 * @b: loaded
 *
 * A kernel that does not count the misses of probes has them counted by the
 * programs, which see only some of them.
 */
uint64_t bpf_losses(struct bpf_programs *b)
{
	int cpus = libbpf_num_possible_cpus(), i;
	struct pfntrack_counts *counts;
	uint64_t lost = recursions(b), seen = 0;
	__u32 zero = 0;

	count_misses(b);
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
