// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints one line of each sort that "pfntrack watch --json" can print, by its own code:
 * events need a kernel, their shape does not.  With an argument, known values are missing
 * or of a newer kernel.
 */
#include <stdio.h>
#include <string.h>

#include <linux/pfn_track.h>

#include "main.h"
#include "watch.h"

struct options opts = { .root = "", .json = true };

int main(int argc, char **argv)
{
	static const struct watch_ops ops = { .name = "bpf", .what = "all" };
	struct watch_source source = {
		.ops = &ops,
		.attach = "fentry",
		.programs = 26,
		.nr_gaps = 2,
		.gaps = { { "ioremap()", "no BTF" }, { "what \"faults\" insert", "x\033y" } },
	};
	struct watch_event event = {
		.time = 12345678901,
		.start = 0x200000000,
		.end = 0x200003fff,
		.va = 0x7f0000000000,
		.by = { PFN_KIND_REMAP_PFN, PFN_ATTR_WC, PFN_ATTR_UC_MINUS, 42, "a\"b\xff",
			"f+0x1/0x2" },
		.verdict = PFN_VERDICT_ORDERING,
		.result = PFN_RESULT_REFUSED_ARCH,
		.held = { PFN_KIND_CLAIM, PFN_ATTR_UC, PFN_ATTR_UC, 1, "init", "" },
		.gone = PFN_LEAK_UNBOUND,
		.name = "drv",
		.dev = "0000:00:04.0",
	};
	const struct watch_total total = { 4, 2, { 9, 8, 7 }, "count" };
	const struct watch_side unknown = { 999, 999, 999, -1, "", "" };

	(void)argv;
	if (argc > 1) {
		source = (struct watch_source){ .ops = &ops };
		event.va = 0;
		event.by = event.held = unknown;
		event.verdict = event.result = event.gone = 999;
		event.name[0] = '\0';
		strcpy(event.dev, "-");
	}
	watch_print_start(&source);
	for (event.type = 0; event.type < WATCH_COUNT; event.type++)
		watch_print_event(&event);
	watch_print_dropped(8, 8);
	watch_print_forgotten(7, 7);
	watch_print_end(&total);
	return 0;
}
