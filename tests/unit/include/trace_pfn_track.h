/* SPDX-License-Identifier: GPL-2.0-only */
/* Stands for <trace/events/pfn_track.h>: counts, and keeps the last one. */
#ifndef _UNIT_TRACE_PFN_TRACK_H
#define _UNIT_TRACE_PFN_TRACK_H

struct pft_record;
struct pft_conflict;

void trace_pfn_map(const struct pft_record *rec);
void trace_pfn_unmap(const struct pft_record *rec);
void trace_pfn_conflict(const struct pft_conflict *c);

#endif /* _UNIT_TRACE_PFN_TRACK_H */
