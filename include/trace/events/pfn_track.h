/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pfn_track

#if !defined(_TRACE_PFN_TRACK_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_PFN_TRACK_H

#include <linux/tracepoint.h>
#include <uapi/linux/pfn_track.h>

/*
 * The event contract: field names and units are what BPF programs and scripts
 * rely on.  Ranges are bytes, end inclusive; numbers are those of the uapi
 * enums and are printed by name.
 */
TRACE_DEFINE_ENUM(PFN_ATTR_UNKNOWN);
TRACE_DEFINE_ENUM(PFN_ATTR_NONE);
TRACE_DEFINE_ENUM(PFN_ATTR_WB);
TRACE_DEFINE_ENUM(PFN_ATTR_WT);
TRACE_DEFINE_ENUM(PFN_ATTR_WP);
TRACE_DEFINE_ENUM(PFN_ATTR_WC);
TRACE_DEFINE_ENUM(PFN_ATTR_UC_MINUS);
TRACE_DEFINE_ENUM(PFN_ATTR_UC);
TRACE_DEFINE_ENUM(PFN_ATTR_DEVICE);
TRACE_DEFINE_ENUM(PFN_ATTR_DEVICE_STRICT);

#define show_pfn_attr(v)	\
	__print_symbolic(v, \
		{ PFN_ATTR_UNKNOWN, "unknown" }, \
		{ PFN_ATTR_NONE, "none" }, \
		{ PFN_ATTR_WB, "write-back" }, \
		{ PFN_ATTR_WT, "write-through" }, \
		{ PFN_ATTR_WP, "write-protected" }, \
		{ PFN_ATTR_WC, "write-combining" }, \
		{ PFN_ATTR_UC_MINUS, "uncached-minus" }, \
		{ PFN_ATTR_UC, "uncached" }, \
		{ PFN_ATTR_DEVICE, "device" }, \
		{ PFN_ATTR_DEVICE_STRICT, "device-strict" })

TRACE_DEFINE_ENUM(PFN_VERDICT_SAME);
TRACE_DEFINE_ENUM(PFN_VERDICT_LEGAL);
TRACE_DEFINE_ENUM(PFN_VERDICT_UNKNOWN);
TRACE_DEFINE_ENUM(PFN_VERDICT_MAINTENANCE);
TRACE_DEFINE_ENUM(PFN_VERDICT_ORDERING);
TRACE_DEFINE_ENUM(PFN_VERDICT_INCOHERENT);
TRACE_DEFINE_ENUM(PFN_VERDICT_FATAL);

#define show_pfn_verdict(v)	\
	__print_symbolic(v, \
		{ PFN_VERDICT_SAME, "same" }, \
		{ PFN_VERDICT_LEGAL, "legal" }, \
		{ PFN_VERDICT_UNKNOWN, "unknown" }, \
		{ PFN_VERDICT_MAINTENANCE, "maintenance" }, \
		{ PFN_VERDICT_ORDERING, "ordering" }, \
		{ PFN_VERDICT_INCOHERENT, "incoherent" }, \
		{ PFN_VERDICT_FATAL, "fatal" })

TRACE_DEFINE_ENUM(PFN_KIND_IOREMAP);
TRACE_DEFINE_ENUM(PFN_KIND_REMAP_PFN);
TRACE_DEFINE_ENUM(PFN_KIND_CLAIM);
TRACE_DEFINE_ENUM(PFN_KIND_INSERT);
TRACE_DEFINE_ENUM(PFN_KIND_VMAP);
TRACE_DEFINE_ENUM(PFN_KIND_LINEAR);
TRACE_DEFINE_ENUM(PFN_KIND_MEMREMAP);
TRACE_DEFINE_ENUM(PFN_KIND_SET_MEMORY);
TRACE_DEFINE_ENUM(PFN_KIND_KMAP);
TRACE_DEFINE_ENUM(PFN_KIND_RESERVATION);

#define show_pfn_kind(v)	\
	__print_symbolic(v, \
		{ PFN_KIND_IOREMAP, "ioremap" }, \
		{ PFN_KIND_REMAP_PFN, "remap_pfn" }, \
		{ PFN_KIND_CLAIM, "claim" }, \
		{ PFN_KIND_INSERT, "insert" }, \
		{ PFN_KIND_VMAP, "vmap" }, \
		{ PFN_KIND_LINEAR, "linear" }, \
		{ PFN_KIND_MEMREMAP, "memremap" }, \
		{ PFN_KIND_SET_MEMORY, "set_memory" }, \
		{ PFN_KIND_KMAP, "kmap" }, \
		{ PFN_KIND_RESERVATION, "reservation" })

TRACE_DEFINE_ENUM(PFN_RESULT_MAPPED);
TRACE_DEFINE_ENUM(PFN_RESULT_REFUSED);
TRACE_DEFINE_ENUM(PFN_RESULT_REFUSED_ARCH);

#define show_pfn_result(v)	\
	__print_symbolic(v, \
		{ PFN_RESULT_MAPPED, "mapped" }, \
		{ PFN_RESULT_REFUSED, "refused" }, \
		{ PFN_RESULT_REFUSED_ARCH, "refused-by-arch" })

TRACE_DEFINE_ENUM(PFN_CAUSE_HELD);
TRACE_DEFINE_ENUM(PFN_CAUSE_NO_RESERVATION);
TRACE_DEFINE_ENUM(PFN_CAUSE_MTRR);
TRACE_DEFINE_ENUM(PFN_CAUSE_PAGE_TYPE);
TRACE_DEFINE_ENUM(PFN_CAUSE_MIXED_TYPES);
TRACE_DEFINE_ENUM(PFN_CAUSE_NOT_PLAIN);
TRACE_DEFINE_ENUM(PFN_CAUSE_UNRECORDED);
TRACE_DEFINE_ENUM(PFN_CAUSE_IMPOSSIBLE);
TRACE_DEFINE_ENUM(PFN_CAUSE_NOT_RESERVED);
TRACE_DEFINE_ENUM(PFN_CAUSE_PLATFORM);

#define show_pfn_cause(v)	\
	__print_symbolic(v, \
		{ PFN_CAUSE_HELD, "held" }, \
		{ PFN_CAUSE_NO_RESERVATION, "no-reservation" }, \
		{ PFN_CAUSE_MTRR, "mtrr" }, \
		{ PFN_CAUSE_PAGE_TYPE, "page-type" }, \
		{ PFN_CAUSE_MIXED_TYPES, "mixed-types" }, \
		{ PFN_CAUSE_NOT_PLAIN, "not-plain" }, \
		{ PFN_CAUSE_UNRECORDED, "unrecorded" }, \
		{ PFN_CAUSE_IMPOSSIBLE, "impossible" }, \
		{ PFN_CAUSE_NOT_RESERVED, "not-reserved" }, \
		{ PFN_CAUSE_PLATFORM, "platform" })

TRACE_DEFINE_ENUM(PFN_LEAK_UNBOUND);
TRACE_DEFINE_ENUM(PFN_LEAK_NOT_BOUND);
TRACE_DEFINE_ENUM(PFN_LEAK_UNLOADED);
TRACE_DEFINE_ENUM(PFN_LEAK_FREED);

#define show_pfn_leak(v)	\
	__print_symbolic(v, \
		{ PFN_LEAK_UNBOUND, "unbound" }, \
		{ PFN_LEAK_NOT_BOUND, "not-bound" }, \
		{ PFN_LEAK_UNLOADED, "unloaded" }, \
		{ PFN_LEAK_FREED, "freed" })

struct pft_record;
struct pft_conflict;
struct pft_leak;

/* Laid out as checkpatch.pl --strict wants it, not as most of its neighbours. */
DECLARE_EVENT_CLASS(pfn_track_mapping,
		    TP_PROTO(const struct pft_record *rec),
		    TP_ARGS(rec),
		    TP_STRUCT__entry(__field(u64, start)
				     __field(u64, end)
				     __field(unsigned long, va)
				     __field(u8, kind)
				     __field(u8, want)
				     __field(u8, got)
				     __field(pid_t, pid)),
		    TP_fast_assign(__entry->start = PFN_PHYS(rec->pfn);
				   __entry->end = PFN_PHYS(rec->last) +
						  PAGE_SIZE - 1;
				   /* Kernel addresses are nobody's business. */
				   __entry->va = rec->space == PFN_SPACE_USER ?
						 rec->va : 0;
				   __entry->kind = rec->kind;
				   __entry->want = rec->want;
				   __entry->got = rec->got;
				   __entry->pid = rec->holder->pid;),
		    TP_printk("range=0x%llx-0x%llx kind=%s want=%s got=%s pid=%d va=0x%lx",
			      __entry->start, __entry->end,
			      show_pfn_kind(__entry->kind),
			      show_pfn_attr(__entry->want),
			      show_pfn_attr(__entry->got),
			      __entry->pid, __entry->va)
);

DEFINE_EVENT(pfn_track_mapping, pfn_map,
	     TP_PROTO(const struct pft_record *rec), TP_ARGS(rec));

DEFINE_EVENT(pfn_track_mapping, pfn_unmap,
	     TP_PROTO(const struct pft_record *rec), TP_ARGS(rec));

TRACE_EVENT(pfn_conflict,
	    TP_PROTO(const struct pft_conflict *c),
	    TP_ARGS(c),
	    TP_STRUCT__entry(__field(u64, start)
			     __field(u64, end)
			     __field(u8, verdict)
			     __field(u8, result)
			     __field(u8, kind)
			     __field(u8, want)
			     __field(u8, got)
			     __field(pid_t, pid)
			     __array(char, comm, TASK_COMM_LEN)
			     __field(u8, held_kind)
			     __field(u8, held)
			     __field(pid_t, held_pid)
			     __array(char, held_comm, TASK_COMM_LEN)
			     __field(u8, cause)),
	    TP_fast_assign(__entry->start = PFN_PHYS(c->pfn);
			   __entry->end = PFN_PHYS(c->last) + PAGE_SIZE - 1;
			   __entry->verdict = c->verdict;
			   __entry->result = c->result;
			   __entry->kind = c->new.kind;
			   __entry->want = c->new.want;
			   __entry->got = c->new.got;
			   __entry->pid = c->new.holder->pid;
			   memcpy(__entry->comm, c->new.holder->comm,
				  TASK_COMM_LEN);
			   __entry->held_kind = c->held.kind;
			   __entry->held = c->held.got;
			   /* pid -1: no holder is recorded; see the cause. */
			   __entry->held_pid = c->held.holder ?
					       c->held.holder->pid : -1;
			   strscpy_pad(__entry->held_comm,
				       c->held.holder ?
				       c->held.holder->comm : "",
				       TASK_COMM_LEN);
			   __entry->cause = c->cause;),
	    TP_printk("range=0x%llx-0x%llx verdict=%s result=%s kind=%s want=%s got=%s pid=%d comm=%s held=%s held_kind=%s held_pid=%d held_comm=%s cause=%s",
		      __entry->start, __entry->end,
		      show_pfn_verdict(__entry->verdict),
		      show_pfn_result(__entry->result),
		      show_pfn_kind(__entry->kind),
		      show_pfn_attr(__entry->want),
		      show_pfn_attr(__entry->got),
		      __entry->pid, __entry->comm,
		      show_pfn_attr(__entry->held),
		      show_pfn_kind(__entry->held_kind),
		      __entry->held_pid, __entry->held_comm,
		      show_pfn_cause(__entry->cause))
);

TRACE_EVENT(pfn_leak,
	    TP_PROTO(const struct pft_leak *leak),
	    TP_ARGS(leak),
	    TP_STRUCT__entry(__field(u64, start)
			     __field(u64, end)
			     __field(u8, gone)
			     __field(u8, kind)
			     __field(u8, want)
			     __field(u8, got)
			     __field(pid_t, pid)
			     __array(char, comm, TASK_COMM_LEN)
			     __string(name, leak->name)
			     __string(dev, leak->dev[0] ? leak->dev : "-")),
	    TP_fast_assign(__entry->start = PFN_PHYS(leak->rec.pfn);
			   __entry->end = PFN_PHYS(leak->rec.last) +
					  PAGE_SIZE - 1;
			   __entry->gone = leak->how;
			   __entry->kind = leak->rec.kind;
			   __entry->want = leak->rec.want;
			   __entry->got = leak->rec.got;
			   __entry->pid = leak->rec.holder->pid;
			   memcpy(__entry->comm, leak->rec.holder->comm,
				  TASK_COMM_LEN);
			   __assign_str(name);
			   __assign_str(dev);),
	    TP_printk("range=0x%llx-0x%llx gone=%s name=%s dev=%s kind=%s want=%s got=%s pid=%d comm=%s",
		      __entry->start, __entry->end,
		      show_pfn_leak(__entry->gone),
		      __get_str(name), __get_str(dev),
		      show_pfn_kind(__entry->kind),
		      show_pfn_attr(__entry->want),
		      show_pfn_attr(__entry->got),
		      __entry->pid, __entry->comm)
);

#endif /* _TRACE_PFN_TRACK_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
