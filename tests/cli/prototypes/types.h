/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types in the recorded prototypes, of their size on amd64.  gcc -gbtf makes
 * BTF of the functions, as pahole does of a kernel.
 */
typedef _Bool bool;
typedef unsigned long u64;
typedef u64 phys_addr_t;
typedef phys_addr_t resource_size_t;
typedef unsigned int vm_fault_t;
typedef struct pgprot {
	unsigned long pgprot;
} pgprot_t;
typedef struct {
	u64 val;
} pfn_t;

enum page_cache_mode { _PAGE_CACHE_MODE_WB };

struct vm_area_struct {
	unsigned long vm_start;
};

struct vm_fault {
	unsigned long address;
};

struct mmap_action;
struct mmu_gather;
struct pagetable_move_control {
	struct vm_area_struct *old;
};
struct zap_details;

#define FUNCTION(result, name, ...) \
	result name(__VA_ARGS__)    \
	{                           \
		__builtin_trap();   \
	}
