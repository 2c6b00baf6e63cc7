/* SPDX-License-Identifier: GPL-2.0-only */
/* What the bench program asks of /dev/pfn_bench. */
#ifndef PFN_BENCH_H
#define PFN_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* In: bytes of the BAR; out: ticks of one ioremap() of them and its iounmap(). */
#define PFN_BENCH_IOREMAP	_IOWR('p', 0x70, __u64)

#endif
