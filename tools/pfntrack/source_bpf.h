/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: inside of the source of a stock kernel's mappings, by BPF. */
#ifndef PFNTRACK_SOURCE_BPF_H
#define PFNTRACK_SOURCE_BPF_H

#include "kallsyms.h"
#include "shadow.h"
#include "watch.h"

#include "../../bpf/pfntrack.h"

/* What an event needs to be understood. */
struct reading {
	struct shadow *shadow;
	struct symbols symbols;
	const struct pat_format *format; /* of page table bits; NULL: none */
	uint64_t page;                   /* bytes of one */
	uint64_t fresh;                  /* when the symbols were read again; 0: never */
};

struct pat_format;

extern const struct pat_arch *const bpf_arch;

/* source_bpf_read.c */
const struct pat_format *bpf_format(void);
bool bpf_read(struct reading *r, const struct pfntrack_event *event);

#endif /* PFNTRACK_SOURCE_BPF_H */
