/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs tell the pfntrack command: mappings as a stock kernel
 * makes and undoes them.  Only types that need no header: the programs have none
 * of user space's.
 */
#ifndef PFNTRACK_BPF_H
#define PFNTRACK_BPF_H

#define PFNTRACK_COMM  16
#define PFNTRACK_STACK 12

/* What happened.  "mm" tells address spaces apart and is never shown; 0 is the kernel's. */
enum pfntrack_what {
	PFNTRACK_MAP,   /* phys, size, va in mm; refused if ret is not 0 */
	PFNTRACK_UNMAP, /* va and size in mm; size 0: the mapping that va is in */
	PFNTRACK_COPY,  /* va and size in mm, the same in other: fork() */
	PFNTRACK_MOVE,  /* va and size in mm, to the address other: mremap() */
	PFNTRACK_FREE,  /* phys and size of what had no va */
};

/* How it came about, or what a task is in the middle of. */
enum pfntrack_road {
	PFNTRACK_IOREMAP = 1,
	PFNTRACK_REMAP,
	PFNTRACK_INSERT,
	PFNTRACK_MEMTYPE, /* a physical range was reserved, without a mapping */
	PFNTRACK_FORK,
	PFNTRACK_UNTRACK, /* PAT gives back what it reserved for a mapping */
};

struct pfntrack_event {
	unsigned long long time; /* nanoseconds, CLOCK_MONOTONIC */
	/*
	 * In bytes; but phys of PFNTRACK_REMAP and _INSERT is in pages, and a size of 0 of
	 * _INSERT is a page.
	 */
	unsigned long long phys, size, va;
	unsigned long long mm, other;
	/* Page table bits; or, where a flag says so, x86's enum page_cache_mode. */
	unsigned long long want, got;
	unsigned int pid;
	int ret;
	unsigned char what, road, want_mode, got_mode;
	unsigned int depth; /* of the stack, in entries */
	char comm[PFNTRACK_COMM];
	unsigned long long stack[PFNTRACK_STACK]; /* for user space to name, not to show */
};

/* One for each CPU. */
struct pfntrack_counts {
	unsigned long long dropped; /* no room in the ring buffer or in a map */
	unsigned long long missed;  /* the exit program of a function did not run */
};

#endif /* PFNTRACK_BPF_H */
