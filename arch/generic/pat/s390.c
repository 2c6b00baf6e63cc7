// SPDX-License-Identifier: GPL-2.0-only
/*
 * s390: storage is coherent and has no cache attributes; only PCI memory that
 * is mapped for the MIO instructions has one bit, where the machine has told
 * which (CLP, mio_wb_bit_mask).
 */
#include "pat.h"

#define KERNEL_MIO	"arch/s390/pci/pci.c, pci_iomap_wc_range_mio(); arch/s390/mm/pgtable.c, pgprot_writecombine()"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, WC, ORDERING,
		 "nothing is cached on either side, but stores to the PCI function may be gathered on one side where the other's reach it one by one",
		 KERNEL_MIO),
};

static const struct pat_code mio[] = {
	PAT_CODE(0, WB, "default"),
	PAT_CODE(1, WC, "MIO write-back"),
};

static const struct pat_code plain[] = {
	PAT_CODE(0, WB, "default"),
};

#define WHY_NONE	"there is no such type: storage stays cached and coherent, PCI memory is accessed store by store"

static const struct pat_change mio_changes[] = {
	PAT_CHANGE(UC, WB, WHY_NONE, "include/linux/pgtable.h, pgprot_noncached()"),
	PAT_CHANGE(DEVICE, WB, WHY_NONE, "include/linux/pgtable.h, pgprot_device()"),
	PAT_CHANGE(WT, WB, WHY_NONE, "include/asm-generic/io.h, ioremap_wt()"),
};

static const struct pat_change plain_changes[] = {
	PAT_CHANGE(WC, WB, "without MIO there is no bit to set", KERNEL_MIO),
	PAT_CHANGE(UC, WB, WHY_NONE, "include/linux/pgtable.h, pgprot_noncached()"),
	PAT_CHANGE(DEVICE, WB, WHY_NONE, "include/linux/pgtable.h, pgprot_device()"),
	PAT_CHANGE(WT, WB, WHY_NONE, "include/asm-generic/io.h, ioremap_wt()"),
};

enum { S390_PLAIN, S390_MIO };

static const struct pat_format formats[] = {
	[S390_PLAIN] = {
		.name = "plain",
		.when = "without MIO, and before PCI has been set up",
		PAT_LIST(codes, plain),
		PAT_LIST(changes, plain_changes),
	},
	[S390_MIO] = {
		.name = "mio",
		.when = "with MIO; which bit it is, the machine says",
		.mask = 1,
		PAT_LIST(codes, mio),
		PAT_LIST(changes, mio_changes),
	},
};

#define NOTE	"Write-back stands for \"no bit set\": cached and coherent for storage, store by store for PCI memory."

#define WINDOW	"without MIO instructions ioremap() returns the physical address and maps nothing"

const struct pat_arch pat_s390 = {
	.name = "s390",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	.window = WINDOW,
};

#ifdef CONFIG_S390
#include <linux/init.h>
#include <linux/mm.h>

/**
 * pat_s390_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot; the bit of MIO is known only after PCI has been set up, and
 * until then nobody can have mapped with it, see pat_s390_again().
 */
void __init pat_s390_facts(struct pat_facts *facts)
{
	facts->format = formats[S390_PLAIN];
	facts->window = PAT_WINDOW_ALL;
	if (!mio_wb_bit_mask)
		return;
	facts->format = formats[S390_MIO];
	facts->window = PAT_WINDOW_NONE;
	facts->format.shift = __ffs64(mio_wb_bit_mask);
}

/*
 * The registry begins long before pci_base_init(), a subsys_initcall_sync(),
 * asks the machine for the bit; drivers, which map with it, come later.
 */
static int __init pat_s390_again(void)
{
	if (mio_wb_bit_mask)
		pfn_attr_init();
	return 0;
}
fs_initcall(pat_s390_again);
#endif
