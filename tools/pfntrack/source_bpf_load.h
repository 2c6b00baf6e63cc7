/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: the BPF programs of watch in the running kernel. */
#ifndef PFNTRACK_SOURCE_BPF_LOAD_H
#define PFNTRACK_SOURCE_BPF_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bpf/libbpf.h>

#include "kallsyms.h"
#include "source_bpf_plan.h"

struct pfntrack_bpf;

/* A program that hangs on its function. */
struct attached {
	struct bpf_link *link;
	enum bpf_family family;
};

struct bpf_programs {
	struct pfntrack_bpf *skel;
	struct ring_buffer *ring;
	struct bpf_plan plan;
	struct attached *links;
	size_t nr_links, nr_programs;
	char *unattached;   /* the first program that could not be attached, and why */
	const char *attach; /* how they hang on functions */
	uint64_t misses;
	bool misses_known;
};

char *bpf_load(struct bpf_programs *b, const struct symbols *symbols, bool only_fentry,
	       ring_buffer_sample_fn take, void *context);
void bpf_detach(struct bpf_programs *b);
void bpf_unload(struct bpf_programs *b);
bool bpf_locked_down(void);

/* source_bpf_losses.c */
uint64_t bpf_losses(struct bpf_programs *b);

#endif /* PFNTRACK_SOURCE_BPF_LOAD_H */
