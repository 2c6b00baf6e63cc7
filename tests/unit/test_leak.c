// SPDX-License-Identifier: GPL-2.0-only
/* How leaks are told; who is to blame is for the lab. */
#include "unit.h"

static struct pft_leak leak_of(unsigned long va, enum pfn_leak how)
{
	struct pft_leak leak = {
		.rec = record_at(PFN_SPACE_KERNEL, NULL, va),
		.how = how,
		.name = "bochs",
		.dev = "0000:00:02.0",
	};

	CHECK(leak.rec.holder);
	return leak;
}

static void boot(void)
{
	unit_boot(NULL);
	unit_symbols[1] = "ioremap_wc+0x10/0x20";
	unit_symbols[2] = "my_probe+0x30/0x40 [my_mod]";
	unit_stack[0] = 1;
	unit_stack[1] = 2;
}

TEST(leak, log)
{
	struct pft_leak leak;

	boot();
	CHECK_EQ(do_ioremap(0x10, 0x20, 2, A_WC), 0);
	leak = leak_of(0x10, PFN_LEAK_UNBOUND);
	unit_log_clear();
	pft_report_leak(&leak);
	CHECK_HAS(unit_log_text(),
		  "pfn_track: leak: bochs of 0000:00:02.0 was unbound and still "
		  "maps [mem 0x00020000-0x00021fff] write-combining\n");
	CHECK_HAS(unit_log_text(), " ioremap at my_probe+0x30/0x40 [my_mod] ");
	CHECK_HAS(unit_log_text(), "advice:  unmap it in remove()");

	leak.how = PFN_LEAK_NOT_BOUND;
	unit_log_clear();
	pft_report_leak(&leak);
	CHECK_HAS(unit_log_text(), " did not bind and still maps ");

	leak.how = PFN_LEAK_UNLOADED;
	leak.dev[0] = '\0';
	unit_log_clear();
	pft_report_leak(&leak);
	CHECK_HAS(unit_log_text(), "leak: bochs was unloaded and still maps ");
	CHECK_HAS(unit_log_text(), "exit function");

	leak.rec.kind = PFN_KIND_CLAIM;
	leak.how = PFN_LEAK_UNBOUND;
	unit_log_clear();
	pft_report_leak(&leak);
	CHECK_HAS(unit_log_text(), " and still claims ");
	CHECK_HAS(unit_log_text(), "advice:  release it");
	do_iounmap(0x10, 2);
}

/* The history outlives the record, and keeps no more than it should. */
TEST(leak, history)
{
	struct pft_leak leak;
	char *text;
	int i;

	boot();
	CHECK_EQ(do_ioremap(0x10, 0x20, 1, A_WC), 0);
	leak = leak_of(0x10, PFN_LEAK_UNBOUND);
	pft_holder_get(leak.rec.holder);
	do_iounmap(0x10, 1);
	for (i = 0; i < 100; i++)
		pft_report_leak(&leak);
	pft_holder_put(leak.rec.holder);

	text = unit_debugfs_read("leaks", 4096, NULL);
	CHECK_HAS(text, "\nleak id=37 ");
	CHECK_HAS_NOT(text, "\nleak id=36 ");
	CHECK_HAS(text, "\nleak id=100 ");
	CHECK_HAS(text, " range=0x20000-0x20fff gone=unbound gone.name=bochs "
		  "gone.dev=0000:00:02.0 held.space=kernel held.kind=ioremap "
		  "held.want=write-combining held.got=write-combining ");
	CHECK_HAS(text, " held.site=my_probe+0x30/0x40 held.module=my_mod ");
	CHECK_HAS(text, "\nend: 64\n");
	free(text);
	/* Twenty an hour for one call site. */
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 80);
}

/* A call site that was kept as text needs no symbols any more. */
TEST(leak, pinned_site)
{
	struct pft_leak leak;
	char *text;

	boot();
	CHECK_EQ(do_ioremap(0x10, 0x20, 1, A_WC), 0);
	leak = leak_of(0x10, PFN_LEAK_UNLOADED);
	leak.rec.holder->module = kstrdup_const("my_mod", GFP_KERNEL);
	leak.rec.holder->site = kstrdup_const("my_init+0x1/0x2 [my_mod]",
					      GFP_KERNEL);
	unit_symbols[2] = "other+0x30/0x40 [other_mod]";
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_HAS(text, " site=my_init+0x1/0x2 module=my_mod ");
	CHECK_HAS_NOT(text, "other");
	free(text);
	do_iounmap(0x10, 1);
}
