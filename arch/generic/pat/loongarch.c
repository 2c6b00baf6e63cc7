// SPDX-License-Identifier: GPL-2.0-only
/*
 * LoongArch: the memory access type (MAT), two bits.
 *
 * Manual is the "LoongArch Reference Manual, Volume 1: Basic Architecture".
 */
#include "pat.h"

#define MANUAL_MAT	"LoongArch Reference Manual Vol. 1, Memory Access Types"
#define KERNEL_WC	"arch/loongarch/kernel/setup.c, wc_enabled"

#define WHY_CACHED	"a line cached, or fetched ahead, through the coherent mapping hides what the uncached side and the device write"
#define WHY_WUC		"neither is cached, but weakly ordered stores may be gathered and overtake those that the other side makes one by one"

static const struct pfn_attr_pair pairs[] = {
	PAT_PAIR(WB, UC, INCOHERENT, WHY_CACHED, MANUAL_MAT),
	PAT_PAIR(WB, WC, INCOHERENT, WHY_CACHED, MANUAL_MAT),
	PAT_PAIR(WC, UC, ORDERING, WHY_WUC, MANUAL_MAT),
};

static const struct pat_code codes[] = {
	PAT_CODE(1, WB, "CC"),
	PAT_CODE(2, WC, "WUC"),
	PAT_CODE(0, UC, "SUC"),
};

#define WHY_DEVICE	"pgprot_device() is pgprot_noncached()"
#define WHY_OFF		"with \"writecombine=off\", the default, the kernel takes SUC: bridges do not keep WUC in order"

static const struct pat_change without_wuc[] = {
	PAT_CHANGE(WC, UC, WHY_OFF, KERNEL_WC),
	PAT_CHANGE(DEVICE, UC, WHY_DEVICE, "include/linux/pgtable.h, pgprot_device()"),
	PAT_CHANGE(WT, UC, "ioremap_wt() is ioremap()", "include/asm-generic/io.h, ioremap_wt()"),
};

static const struct pat_change with_wuc[] = {
	PAT_CHANGE(DEVICE, UC, WHY_DEVICE, "include/linux/pgtable.h, pgprot_device()"),
	PAT_CHANGE(WT, UC, "ioremap_wt() is ioremap()", "include/asm-generic/io.h, ioremap_wt()"),
};

enum { LOONGARCH_OFF, LOONGARCH_ON };

static const struct pat_format formats[] = {
	[LOONGARCH_OFF] = {
		.name = "wuc-off",
		.when = "writecombine=off, or a kernel without CONFIG_ARCH_WRITECOMBINE",
		.shift = 4,
		.mask = 3,
		PAT_LIST(codes, codes),
		PAT_LIST(changes, without_wuc),
	},
	[LOONGARCH_ON] = {
		.name = "wuc-on",
		.when = "writecombine=on",
		.shift = 4,
		.mask = 3,
		PAT_LIST(codes, codes),
		PAT_LIST(changes, with_wuc),
	},
};

#define NOTE	"The kernel also reaches all memory through direct mapped windows, cached and uncached, without a page table; ioremap() uses them, and such aliases are not on record."

#define WINDOW	"ioremap() returns an address in a direct mapped window and maps nothing"

const struct pat_arch pat_loongarch = {
	.name = "loongarch",
	.note = NOTE,
	PAT_LIST(formats, formats),
	PAT_LIST(pairs, pairs),
	.window = WINDOW,
};

#ifdef CONFIG_LOONGARCH
#include <linux/mm.h>

/**
 * pat_loongarch_facts - what there is to know of this machine
 * @facts: gets it
 *
 * Context: Boot, after the command line has been read.
 */
void __init pat_loongarch_facts(struct pat_facts *facts)
{
	facts->format = formats[wc_enabled ? LOONGARCH_ON : LOONGARCH_OFF];
	if (IS_ENABLED(CONFIG_ARCH_IOREMAP))
		facts->window = PAT_WINDOW_ALL;
}
#endif
