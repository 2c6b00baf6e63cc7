// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who maps which page frames, told by a kernel that keeps no books of it.
 *
 * Each function is traced by fentry and fexit, or by kprobe and kretprobe where
 * those cannot be had; user space loads the one or the other, and only programs
 * whose function has the prototype that they read, see source_bpf_plan.c.  What
 * is known on entry waits in a map, by task, for the exit.
 *
 * The few kernel types are declared here with the members that are read: where
 * they lie is found out when the programs are loaded, and no header of a
 * certain kernel is needed to build them.
 */

typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef _Bool bool;

#define NULL ((void *)0)

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_RINGBUF = 27,
};

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "pfntrack.h"

/* Both the same in every kernel since 2.6. */
#define VM_PFNMAP       0x00000400ul
#define VM_MIXEDMAP     0x10000000ul
#define VM_FAULT_NOPAGE 0x100
#define BPF_ANY         0

typedef struct {
	unsigned long pgprot;
} __attribute__((preserve_access_index)) pgprot_t;

struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags;
	void *vm_mm, *vm_file;
	pgprot_t vm_page_prot;
} __attribute__((preserve_access_index));

struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
} __attribute__((preserve_access_index));

/* The arguments of move_page_tables() since 6.16. */
struct pagetable_move_control {
	struct vm_area_struct *old;
	unsigned long old_addr, new_addr, len_in;
} __attribute__((preserve_access_index));

/*
 * What a task is in the middle of.  No variables besides: libbpf finds out whether it
 * may have them by a program for sockets, and a kernel may have no network.
 */
struct work {
	__u64 phys, size, va, mm, want, got, prot;
	__u8 road, want_mode, nested, told;
	__u32 level; /* of user space's functions; no holes: all of it goes into a map */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct work);
} works SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pfntrack_counts);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} events SEC(".maps");

#define INLINE static __attribute__((always_inline)) inline

/* === Telling ============================================================ */

/*
 * Count an event that is lost.  Atomic: a program may be preempted by another
 * task, or interrupted, on the CPU whose counter it increments.
 */
INLINE void lost(void)
{
	__u32 zero = 0;
	struct pfntrack_counts *count = bpf_map_lookup_elem(&counts, &zero);

	if (count)
		__sync_fetch_and_add(&count->dropped, 1);
}

/* The same for a call whose exit program did not run. */
INLINE void missed_exit(void)
{
	__u32 zero = 0;
	struct pfntrack_counts *count = bpf_map_lookup_elem(&counts, &zero);

	if (count)
		__sync_fetch_and_add(&count->missed, 1);
}

/* Return: NULL if it cannot be told; the caller has nothing else to do then. */
INLINE struct pfntrack_event *begin(__u8 what)
{
	struct pfntrack_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		lost();
		return NULL;
	}
	e->what = what;
	e->time = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->phys = e->size = e->va = e->mm = e->other = e->want = e->got = 0;
	e->ret = 0;
	e->road = e->want_mode = e->got_mode = e->depth = 0;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	return e;
}

INLINE void tell_map(void *ctx, const struct work *work, int ret)
{
	struct pfntrack_event *e = begin(PFNTRACK_MAP);
	long size;

	if (!e)
		return;
	e->road = work->road;
	e->phys = work->phys;
	e->size = work->size;
	e->va = work->va;
	e->mm = work->mm;
	e->want = work->want;
	e->want_mode = work->want_mode;
	e->got = work->got;
	e->got_mode = work->road == PFNTRACK_MEMTYPE;
	e->ret = ret;
	size = bpf_get_stack(ctx, e->stack, sizeof(e->stack), 0);
	e->depth = size > 0 ? size / sizeof(e->stack[0]) : 0;
	bpf_ringbuf_submit(e, 0);
}

/* === What a task is doing =============================================== */

INLINE struct work *working(void)
{
	__u64 task = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&works, &task);
}

/* @outer: what the map holds for this task already; not a caller, so its exit was missed. */
INLINE void work_on(const struct work *work, const struct work *outer)
{
	__u64 task = bpf_get_current_pid_tgid();

	if (outer)
		missed_exit();
	if (bpf_map_update_elem(&works, &task, work, BPF_ANY))
		lost();
}

INLINE void work_done(void)
{
	__u64 task = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&works, &task);
}

/*
 * What has no file is no device: every process has a page of the kernel's clock so,
 * and would be told of at its end.
 */
INLINE bool maps_frames(const struct vm_area_struct *vma)
{
	return BPF_CORE_READ(vma, vm_flags) & (VM_PFNMAP | VM_MIXEDMAP) &&
	       BPF_CORE_READ(vma, vm_file);
}

/* === User space: remap_pfn_range() and the vmf_insert family ============ */

/*
 * @level: a function may call one of a higher level for the same address, and may
 * have it inlined.  Any other call for that address is a new one.
 */
INLINE void enter_user(const struct vm_area_struct *vma, __u8 road, __u32 level, __u64 va,
		       __u64 pfn, __u64 size, __u64 prot)
{
	struct work work = {
		.road = road,
		.level = level,
		.phys = pfn,
		.size = size,
		.va = va,
		.mm = (__u64)BPF_CORE_READ(vma, vm_mm),
		.want = prot,
		.got = prot,
	};
	struct work *outer;

	/* Its flags are set only on the way. */
	if (!BPF_CORE_READ(vma, vm_file))
		return;
	outer = working();
	if (outer && outer->road == road && outer->va == va && outer->mm == work.mm &&
	    outer->level < level) {
		outer->level = level;
		outer->nested++;
		return;
	}
	work_on(&work, outer);
}

INLINE void exit_user(void *ctx, __u8 road, bool done, int ret)
{
	struct work *work = working();

	if (!work || work->road != road)
		return;
	if (work->nested) {
		work->nested--;
		return;
	}
	/* A fault that inserted nothing is not an attempt that was refused. */
	if (done || road == PFNTRACK_REMAP)
		tell_map(ctx, work, done ? 0 : ret);
	work_done();
}

INLINE void enter_remap(const struct vm_area_struct *vma, __u32 level, __u64 va, __u64 pfn,
			__u64 size, __u64 prot)
{
	enter_user(vma, PFNTRACK_REMAP, level, va, pfn, size, prot);
}

/* @size: 0 for a page. */
INLINE void enter_insert(const struct vm_area_struct *vma, __u32 level, __u64 va, __u64 pfn,
			 __u64 size, __u64 prot)
{
	enter_user(vma, PFNTRACK_INSERT, level, va & ~(size ? size - 1 : 0), pfn, size, prot);
}

INLINE __u64 usual_prot(const struct vm_area_struct *vma)
{
	return BPF_CORE_READ(vma, vm_page_prot.pgprot);
}

/* What a fault inserts in one entry of an upper level, with pages of 4 KiB. */
#define PMD_BYTES (1ul << 21)
#define PUD_BYTES (1ul << 30)

INLINE void enter_huge(const struct vm_fault *fault, __u32 level, __u64 pfn, __u64 size, __u64 prot,
		       bool own_prot)
{
	const struct vm_area_struct *vma = BPF_CORE_READ(fault, vma);

	enter_insert(vma, level, BPF_CORE_READ(fault, address), pfn, size,
		     own_prot ? prot : usual_prot(vma));
}

/* x86's PAT may change the bits, where the caller keeps them. */
INLINE void enter_track(__u64 prot)
{
	struct work *work = working();

	if (work)
		work->prot = prot;
}

INLINE void exit_track(void)
{
	struct work *work = working();

	if (work && work->prot)
		bpf_probe_read_kernel(&work->got, sizeof(long), (void *)work->prot);
}

INLINE void enter_zap(const struct vm_area_struct *vma, __u64 start, __u64 end)
{
	struct pfntrack_event *e;

	/* A size of 0 is all of a mapping, see enter_iounmap(). */
	if (!maps_frames(vma) || end <= start)
		return;
	e = begin(PFNTRACK_UNMAP);
	if (!e)
		return;
	e->mm = (__u64)BPF_CORE_READ(vma, vm_mm);
	e->va = start;
	e->size = end - start;
	bpf_ringbuf_submit(e, 0);
}

INLINE void enter_copy(const struct vm_area_struct *to, const struct vm_area_struct *from)
{
	struct work work = { .road = PFNTRACK_FORK };
	struct pfntrack_event *e;

	if (!maps_frames(from))
		return;
	/* PAT reserves for the child: that is no mapping of its own. */
	work_on(&work, working());
	e = begin(PFNTRACK_COPY);
	if (!e)
		return;
	e->mm = (__u64)BPF_CORE_READ(from, vm_mm);
	e->other = (__u64)BPF_CORE_READ(to, vm_mm);
	e->va = BPF_CORE_READ(from, vm_start);
	e->size = BPF_CORE_READ(from, vm_end) - e->va;
	bpf_ringbuf_submit(e, 0);
}

INLINE void exit_copy(void)
{
	struct work *work = working();

	if (work && work->road == PFNTRACK_FORK)
		work_done();
}

/*
 * PAT gives back what it reserved for a mapping.  This may happen while another
 * mapping is made in its place, which stays what the task is doing.
 */
INLINE void enter_untrack(void)
{
	struct work work = { .road = PFNTRACK_UNTRACK };

	if (!working())
		work_on(&work, NULL);
}

INLINE void exit_untrack(void)
{
	struct work *work = working();

	if (work && work->road == PFNTRACK_UNTRACK)
		work_done();
}

INLINE void enter_move(const struct vm_area_struct *vma, __u64 from, __u64 to, __u64 size)
{
	struct pfntrack_event *e;

	if (!maps_frames(vma))
		return;
	e = begin(PFNTRACK_MOVE);
	if (!e)
		return;
	e->mm = (__u64)BPF_CORE_READ(vma, vm_mm);
	e->va = from;
	e->other = to;
	e->size = size;
	bpf_ringbuf_submit(e, 0);
}

INLINE void enter_move_control(const struct pagetable_move_control *pmc)
{
	enter_move(BPF_CORE_READ(pmc, old), BPF_CORE_READ(pmc, old_addr),
		   BPF_CORE_READ(pmc, new_addr), BPF_CORE_READ(pmc, len_in));
}

/* === The kernel: ioremap() ============================================== */

/* x86 only: the mode that is asked for, before PAT has its say. */
INLINE void enter_ioremap(__u64 phys, __u64 size, __u64 mode)
{
	struct work work = {
		.road = PFNTRACK_IOREMAP,
		.phys = phys,
		.size = size,
		.want = mode,
		.want_mode = 1,
		.nested = 1,
	};

	work_on(&work, working());
}

INLINE void exit_ioremap(void *ctx, __u64 va)
{
	struct work *work = working();

	if (!work || work->road != PFNTRACK_IOREMAP)
		return;
	if (!va && !work->told) {
		work->got = work->want;
		tell_map(ctx, work, -1);
	}
	work_done();
}

INLINE void enter_range(__u64 va, __u64 end, __u64 phys, __u64 prot)
{
	struct work work = {
		.road = PFNTRACK_IOREMAP,
		.want = prot,
	};
	struct work *outer = working();

	if (outer && outer->road == PFNTRACK_IOREMAP && outer->nested) {
		work.want = outer->want;
		work.want_mode = outer->want_mode;
		work.nested = 1;
		outer = NULL;
	}
	work.phys = phys;
	work.va = va;
	work.size = end - va;
	work.got = prot;
	work_on(&work, outer);
}

INLINE void exit_range(void *ctx, int ret)
{
	struct work *work = working();

	/* Without an address this one's entry was not seen, while we came or went. */
	if (!work || work->road != PFNTRACK_IOREMAP || !work->va)
		return;
	if (!ret) {
		tell_map(ctx, work, 0);
		work->told = 1;
	}
	if (!work->nested)
		work_done();
}

INLINE void enter_iounmap(__u64 va)
{
	struct pfntrack_event *e;

	enter_untrack();
	e = begin(PFNTRACK_UNMAP);
	if (!e)
		return;
	e->va = va;
	bpf_ringbuf_submit(e, 0);
}

/* === x86: ranges that are reserved and not mapped, set_memory_wc() ====== */

INLINE void enter_reserve(__u64 start, __u64 end, __u64 mode, __u64 got)
{
	struct work work = {
		.road = PFNTRACK_MEMTYPE,
		.phys = start,
		.size = end - start,
		.want = mode,
		.want_mode = 1,
		.prot = got,
	};

	struct work *outer = working();

	/* That of a mapping is told with the mapping. */
	if (!outer || outer->road == PFNTRACK_MEMTYPE)
		work_on(&work, outer);
}

INLINE void exit_reserve(void *ctx, int ret)
{
	struct work *work = working();
	__u32 got = 0;

	if (!work || work->road != PFNTRACK_MEMTYPE)
		return;
	work->got = work->want;
	if (!ret && work->prot && !bpf_probe_read_kernel(&got, sizeof(got), (void *)work->prot))
		work->got = got;
	tell_map(ctx, work, ret);
	work_done();
}

/* User space knows whether this range was reserved since it began to look. */
INLINE void enter_free(__u64 start, __u64 end)
{
	struct pfntrack_event *e;

	if (working())
		return;
	e = begin(PFNTRACK_FREE);
	if (!e)
		return;
	e->phys = start;
	e->size = end - start;
	bpf_ringbuf_submit(e, 0);
}

/* === Programs =========================================================== */

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
};

#define REG_0   di
#define REG_1   si
#define REG_2   dx
#define REG_3   cx
#define REG_4   r8
#define REG_RET ax
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	unsigned long regs[31];
};

#define REG_0   regs[0]
#define REG_1   regs[1]
#define REG_2   regs[2]
#define REG_3   regs[3]
#define REG_4   regs[4]
#define REG_RET regs[0]
#else
#error "registers of this architecture are not known"
#endif

/*
 * The verifier lets a program read an argument itself only if it likes its type,
 * and a pointer to an enum, or to what is volatile, it does not like.
 */
INLINE __u64 call_arg(void *ctx, __u32 n)
{
	__u64 value = 0;

	bpf_get_func_arg(ctx, n, &value);
	return value;
}

INLINE __u64 call_ret(void *ctx)
{
	__u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return value;
}

/*
 * Of each function two programs for each end, of which one is loaded: a0 ... are
 * its arguments, ret is what it returned.  Nothing may be read that it lacks.
 * A function with several prototypes has programs for each, with a name for it.
 */
#define ARGS_1(get)  __u64 a0 = get(0)
#define ARGS_2(get)  ARGS_1(get), a1 = get(1)
#define ARGS_3(get)  ARGS_2(get), a2 = get(2)
#define ARGS_4(get)  ARGS_3(get), a3 = get(3)
#define ARGS_5(get)  ARGS_4(get), a4 = get(4)

#define FROM_CALL(n) call_arg(ctx, n)
#define FROM_REGS(n) (((struct pt_regs *)ctx)->REG_##n)
#define VMA(a)       ((const struct vm_area_struct *)(a))
#define FAULT(a)     ((const struct vm_fault *)(a))
#define CONTROL(a)   ((const struct pagetable_move_control *)(a))

#define PROGRAM(how, function, name, take, call) \
	SEC(how "/" #function)                   \
	int name(void *ctx)                      \
	{                                        \
		take;                            \
		call;                            \
		return 0;                        \
	}

#define ENTER_AS(function, name, n, call)                                 \
	PROGRAM("fentry", function, fe_##name, ARGS_##n(FROM_CALL), call) \
	PROGRAM("kprobe", function, ke_##name, ARGS_##n(FROM_REGS), call)

#define ENTER(function, n, call) ENTER_AS(function, function, n, call)

#define ENTER_VOID(function, call)                         \
	PROGRAM("fentry", function, fe_##function, , call) \
	PROGRAM("kprobe", function, ke_##function, , call)

#define EXIT(function, call)                                                       \
	PROGRAM("fexit", function, fx_##function, __u64 ret = call_ret(ctx), call) \
	PROGRAM("kretprobe", function, kx_##function, __u64 ret = FROM_REGS(RET), call)

#define EXIT_VOID(function, call)                         \
	PROGRAM("fexit", function, fx_##function, , call) \
	PROGRAM("kretprobe", function, kx_##function, , call)

#define EXIT_REMAP(function) EXIT(function, exit_user(ctx, PFNTRACK_REMAP, !(int)ret, ret))
#define EXIT_INSERT(function) \
	EXIT(function, exit_user(ctx, PFNTRACK_INSERT, (__u32)ret == VM_FAULT_NOPAGE, 0))

ENTER(remap_pfn_range, 5, enter_remap(VMA(a0), 0, a1, a2, a3, a4))
EXIT_REMAP(remap_pfn_range)
ENTER(remap_pfn_range_track, 5, enter_remap(VMA(a0), 1, a1, a2, a3, a4))
EXIT_REMAP(remap_pfn_range_track)

ENTER(vmf_insert_pfn, 3, enter_insert(VMA(a0), 0, a1, a2, 0, usual_prot(VMA(a0))))
EXIT_INSERT(vmf_insert_pfn)
ENTER(vmf_insert_pfn_prot, 4, enter_insert(VMA(a0), 1, a1, a2, 0, a3))
EXIT_INSERT(vmf_insert_pfn_prot)
ENTER(vmf_insert_mixed, 3, enter_insert(VMA(a0), 0, a1, a2, 0, usual_prot(VMA(a0))))
EXIT_INSERT(vmf_insert_mixed)
ENTER(vmf_insert_mixed_prot, 4, enter_insert(VMA(a0), 1, a1, a2, 0, a3))
EXIT_INSERT(vmf_insert_mixed_prot)
ENTER(vmf_insert_mixed_mkwrite, 3, enter_insert(VMA(a0), 0, a1, a2, 0, usual_prot(VMA(a0))))
EXIT_INSERT(vmf_insert_mixed_mkwrite)
ENTER(vmf_insert_pfn_pmd, 2, enter_huge(FAULT(a0), 0, a1, PMD_BYTES, 0, 0))
EXIT_INSERT(vmf_insert_pfn_pmd)
ENTER(vmf_insert_pfn_pud, 2, enter_huge(FAULT(a0), 0, a1, PUD_BYTES, 0, 0))
EXIT_INSERT(vmf_insert_pfn_pud)
ENTER(vmf_insert_pfn_pmd_prot, 3, enter_huge(FAULT(a0), 1, a1, PMD_BYTES, a2, 1))
EXIT_INSERT(vmf_insert_pfn_pmd_prot)
ENTER(vmf_insert_pfn_pud_prot, 3, enter_huge(FAULT(a0), 1, a1, PUD_BYTES, a2, 1))
EXIT_INSERT(vmf_insert_pfn_pud_prot)

ENTER(track_pfn_remap, 2, enter_track(a1))
EXIT_VOID(track_pfn_remap, exit_track())
ENTER(track_pfn_insert, 2, enter_track(a1))
EXIT_VOID(track_pfn_insert, exit_track())
ENTER(pfnmap_track, 3, enter_track(a2))
EXIT_VOID(pfnmap_track, exit_track())
ENTER(pfnmap_setup_cachemode, 3, enter_track(a2))
EXIT_VOID(pfnmap_setup_cachemode, exit_track())

ENTER(unmap_page_range, 4, enter_zap(VMA(a1), a2, a3))
ENTER(__zap_vma_range, 4, enter_zap(VMA(a1), a2, a3))
ENTER(copy_page_range, 2, enter_copy(VMA(a0), VMA(a1)))
EXIT_VOID(copy_page_range, exit_copy())
ENTER(move_page_tables, 5, enter_move(VMA(a0), a1, a3, a4))
ENTER_AS(move_page_tables, move_page_tables__control, 1, enter_move_control(CONTROL(a0)))

ENTER(__ioremap_caller, 3, enter_ioremap(a0, a1, a2))
EXIT(__ioremap_caller, exit_ioremap(ctx, ret))
ENTER(ioremap_page_range, 4, enter_range(a0, a1, a2, a3))
EXIT(ioremap_page_range, exit_range(ctx, ret))
ENTER(iounmap, 1, enter_iounmap(a0))
EXIT_VOID(iounmap, exit_untrack())

ENTER(memtype_reserve, 4, enter_reserve(a0, a1, a2, a3))
EXIT(memtype_reserve, exit_reserve(ctx, ret))
ENTER(memtype_free, 2, enter_free(a0, a1))
ENTER_VOID(untrack_pfn, enter_untrack())
EXIT_VOID(untrack_pfn, exit_untrack())
ENTER_VOID(pfnmap_untrack, enter_untrack())
EXIT_VOID(pfnmap_untrack, exit_untrack())

char LICENSE[] SEC("license") = "GPL";
