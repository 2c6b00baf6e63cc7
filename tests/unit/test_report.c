// SPDX-License-Identifier: GPL-2.0-only
/* What is said: the log, the history, debugfs and sysfs. */
#include "unit.h"

static enum pfn_attr bad_a, bad_b;
static struct task_struct task = { .tgid = 42, .comm = "loud" };

static void boot(const char *param)
{
	unit_boot(param);
	CHECK(unit_pair(PFN_VERDICT_INCOHERENT, &bad_a, &bad_b));
	unit_current = &task;
	unit_symbols[1] = "pft_stack+0x8/0x10";
	unit_symbols[2] = "ioremap_wc+0x10/0x20";
	unit_symbols[3] = "my_probe+0x30/0x40 [my_mod]";
	unit_symbols[4] = "core_fn+0x1/0x2";
	unit_stack[0] = 1;
	unit_stack[1] = 2;
	unit_stack[2] = 3;
	unit_stack[3] = 4;
}

/* One conflict, with @page as the place. */
static void conflict_at(unsigned long page)
{
	CHECK_EQ(do_ioremap(page, page, 1, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], page, page, 1, bad_b), 0);
	do_zap(&unit_mm[0], page, 1);
	do_iounmap(page, 1);
}

/* The number after "\n@key: " or "@key=" at the start of @text. */
static long number(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	CHECK(at);
	return strtol(at + strlen(key), NULL, 0);
}

static unsigned int count(const char *text, const char *part)
{
	unsigned int n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* === A parser of the format, strict ===================================== */

static void check_value(const char *value, size_t len)
{
	size_t i;

	CHECK(len > 0);
	for (i = 0; i < len; i++) {
		unsigned char c = value[i];

		CHECK(c > ' ' && c <= '~' && c != '=');
		if (c != '\\')
			continue;
		CHECK(i + 3 < len);
		CHECK(strspn(value + i + 1, "01234567") >= 3);
		i += 3;
	}
}

/* Of "word key=value key=value\n", all of it. */
static const char *check_fields(const char *line)
{
	const char *end = strchr(line, '\n');

	CHECK(end);
	line += strcspn(line, " \n");
	while (line < end) {
		const char *key = line + 1;
		size_t len = strspn(key, "abcdefghijklmnopqrstuvwxyz_.");

		CHECK(*line == ' ');
		CHECK(len && key[len] == '=');
		line = key + len + 1;
		len = strcspn(line, " \n");
		check_value(line, len);
		line += len;
	}
	return end + 1;
}

/* Header lines "key: value", lines of @word, "end: lines". */
static unsigned int check_format(const char *text, const char *word)
{
	unsigned int lines = 0;
	const char *at = text;

	CHECK(!strncmp(text, "version: 1\n", 11));
	while (strncmp(at, "end: ", 5)) {
		size_t len = strcspn(at, " \n");

		if (len > 1 && at[len - 1] == ':') {
			CHECK(!lines);
			at = strchr(at, '\n') + 1;
			continue;
		}
		CHECK(!word || (len == strlen(word) && !strncmp(at, word, len)));
		at = check_fields(at);
		lines++;
	}
	CHECK_EQ(number(at, "end: "), lines);
	at = strchr(at, '\n');
	CHECK(at && !at[1]);
	return lines;
}

/* === Records ============================================================ */

static const size_t chunks[] = { 16, 64, 200, 512, 4096, 65536 };

TEST(report, records_empty)
{
	unsigned int i;

	boot(NULL);
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		char *text = unit_debugfs_read("records", chunks[i], NULL);

		CHECK(!strcmp(text, "version: 1\npolicy: report\n"
			      "incomplete: 0\nlate: 0\nend: 0\n"));
		free(text);
	}
}

TEST(report, records_line)
{
	struct device dev = { .name = "0000:00:02.0", .driver = "bochs" };
	struct pfn_claim claim = { };
	char *text;

	boot(NULL);
	unit_now = 5123456000ull - 1000;
	CHECK_EQ(do_map(&unit_mm[0], 0x10, 0x20, 2, A_WC), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_EQ(check_format(text, "record"), 1);
	CHECK_HAS(text, "record range=0x20000-0x21fff va=0x10000-0x11fff "
		  "space=user kind=remap_pfn want=write-combining "
		  "got=write-combining pid=42 comm=loud "
		  "site=my_probe+0x30/0x40 module=my_mod dev=- driver=- "
		  "time=5.123456\n");
	free(text);
	do_zap(&unit_mm[0], 0x10, 2);

	CHECK_EQ(pfn_track_claim(&claim, &dev, 0, PAGE_SIZE, A_WB, 0), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_HAS(text, "record range=0x0-0xfff va=- space=none kind=claim "
		  "want=write-back got=write-back pid=42 comm=loud ");
	CHECK_HAS(text, " dev=0000:00:02.0 driver=bochs ");
	free(text);
	CHECK_EQ(pfn_track_release(&claim), 0);
}

/* Kernel addresses are nobody's business. */
TEST(report, records_kernel_address)
{
	char *text;

	boot(NULL);
	unit_stack[0] = 0;
	CHECK_EQ(__pfn_track_ioremap(kva(0xabcde), PAGE_SIZE, 0x5000,
				     unit_prot(A_WB), unit_prot(A_WB),
				     (void *)0xdead), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_EQ(check_format(text, "record"), 1);
	CHECK_HAS_NOT(text, "abcde");
	CHECK_HAS_NOT(text, "dead");
	CHECK_HAS(text, " va=- ");
	CHECK_HAS(text, " site=- module=- ");
	free(text);
}

TEST(report, records_top)
{
	char should[80], *text;

	boot(NULL);
	CHECK_EQ(do_ioremap(1, PFN_TOP, 1, A_WB), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	sprintf(should, "record range=0x%llx-0x%llx va=-",
		(unsigned long long)PFN_PHYS(PFN_TOP),
		(unsigned long long)PFN_PHYS(PFN_TOP) + 4095);
	CHECK_HAS(text, should);
	free(text);
}

TEST(report, records_site_above_wrappers)
{
	char *text;

	boot(NULL);
	/* All of it wrappers: the caller that the hook was given. */
	unit_stack[2] = 0;
	CHECK_EQ(__pfn_track_ioremap(kva(9), PAGE_SIZE, 0, unit_prot(A_WB),
				     unit_prot(A_WB), (void *)4), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_HAS(text, " site=core_fn+0x1/0x2 module=- ");
	free(text);
	do_iounmap(9, 1);

	/* A symbol longer than the field is cut, not overrun. */
	unit_symbols[3] = "a_very_long_symbol_name_of_which_there_are_more_in_generated_code_than_one_would_like_to_see_anywhere+0x1/0x2 [m]";
	unit_stack[2] = 3;
	CHECK_EQ(do_ioremap(9, 0, 1, A_WB), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_EQ(check_format(text, "record"), 1);
	CHECK_HAS(text, " site=a_very_long_symbol_name");
	free(text);
}

TEST(report, records_hostile_comm)
{
	static const struct {
		const char *comm;
		const char *shown;
	} cases[] = {
		{ "a b", " comm=a\\040b " },
		{ "a\nend: 0\n", " comm=a\\012end:\\0400\\012 " },
		{ "x=y\\z", " comm=x\\075y\\134z " },
		{ "\x1b[31m", " comm=\\033[31m " },
		{ "\xff\xc3\xa4\x7f\t\r", " comm=\\377\\303\\244\\177\\011\\015 " },
		{ "'\"`$(;|&%s%n", " comm='\"`$(;|&%s%n " },
		{ "", " comm=- " },
		/* Not the "-" that says "not known". */
		{ "-", " comm=\\055 " },
		{ "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\",
		  " comm=\\134\\134\\134\\134\\134\\134\\134\\134\\134\\134\\134\\134\\134\\134\\134 " },
	};
	unsigned int i;
	char *text;

	boot(NULL);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		strscpy(task.comm, cases[i].comm);
		CHECK_EQ(do_ioremap(9, 0, 1, bad_a), 0);
		text = unit_debugfs_read("records", 4096, NULL);
		CHECK_EQ(check_format(text, "record"), 1);
		CHECK_HAS(text, cases[i].shown);
		free(text);
		CHECK_EQ(do_map(&unit_mm[0], 9, 0, 1, bad_b), 0);
		do_zap(&unit_mm[0], 9, 1);
		do_iounmap(9, 1);
	}
	text = unit_debugfs_read("conflicts", 4096, NULL);
	/* Parties are told apart by more than a name. */
	CHECK_EQ(check_format(text, "conflict"), 1);
	free(text);
}

/* A line of a log is a line: a name cannot begin another. */
TEST(report, log_hostile_comm)
{
	boot(NULL);
	strscpy(task.comm, "x\npfn_track: ok");
	conflict_at(5);
	CHECK_HAS_NOT(unit_log_text(), "\npfn_track: ok");
}

/* Whatever the buffer, each record comes once and in order. */
TEST(report, records_chunks)
{
	unsigned int i, n;

	boot(NULL);
	for (n = 0; n < 300; n++)
		CHECK_EQ(do_map(&unit_mm[0], 10 * n, 7 * n % 97, 2, A_WB), 0);
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		char *text = unit_debugfs_read("records", chunks[i], NULL);
		const char *at = text;
		long before = -1;

		CHECK_EQ(check_format(text, "record"), 300);
		while ((at = strstr(at, "record range="))) {
			long va = number(at, "va=");

			CHECK(va > before);
			before = va;
			at++;
		}
		CHECK_EQ(count(text, "va="), 300);
		for (n = 0; n < 300; n++) {
			char va[40];

			sprintf(va, " va=0x%lx-", pages(10 * n));
			CHECK_EQ(count(text, va), 1);
		}
		free(text);
	}
}

/* Records come and go between two reads; those that stay are all shown. */
static void churn(unsigned int nr)
{
	unsigned long page = 4 * (nr % 100);

	switch (nr % 5) {
	case 0:
		do_zap(&unit_mm[0], page + 1, 1);
		break;
	case 1:
		do_zap(&unit_mm[0], page + 1, 1);
		CHECK_EQ(do_map(&unit_mm[0], page + 1, page + 1, 1, A_WB), 0);
		break;
	case 2:
		do_zap(&unit_mm[1], 4 * nr, 1);
		break;
	case 3:
		CHECK_EQ(do_map(&unit_mm[2], nr, 0, 400, A_WB), 0);
		break;
	case 4:
		__pfn_track_exit(&unit_mm[2]);
		break;
	}
}

TEST(report, records_changing)
{
	unsigned int i, n;

	boot(NULL);
	for (n = 0; n < 100; n++) {
		/* The kernel's stay; the others are cut while they are read. */
		CHECK_EQ(do_ioremap(1000 + 4 * n, 4 * n + 2, 1, A_WB), 0);
		CHECK_EQ(do_map(&unit_mm[1], 4 * n, 4 * n, 4, A_WB), 0);
	}
	for (i = 0; i < ARRAY_SIZE(chunks); i++) {
		char *text = unit_debugfs_read("records", chunks[i], churn);

		check_format(text, "record");
		CHECK_EQ(count(text, "kind=ioremap"), 100);
		free(text);
		unit_check_store();
	}
}

/* Emptied in the middle of a reading: it ends, and says so. */
static void all_off(unsigned int nr)
{
	if (nr == 3)
		CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
}

TEST(report, records_emptied)
{
	unsigned int n, lines;
	char *text;

	boot(NULL);
	for (n = 0; n < 100; n++)
		CHECK_EQ(do_ioremap(n, n, 1, A_WB), 0);
	text = unit_debugfs_read("records", 256, all_off);
	lines = check_format(text, "record");
	CHECK(lines > 0 && lines < 100);
	free(text);
}

/* === History ============================================================ */

TEST(report, once_per_pair)
{
	unsigned int i;
	char *text;

	boot(NULL);
	for (i = 0; i < 10; i++)
		conflict_at(100);
	/* Neighbouring pages are the same matter, page by page. */
	for (i = 0; i < 10; i++)
		conflict_at(101 + i);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 1);
	CHECK_HAS(text, "conflict id=1 count=20 ");
	CHECK_HAS(text, " range=0x64000-0x6efff ");
	CHECK_HAS(text, "\ntotal: 20\nsuppressed: 19\n");
	CHECK_EQ(count(unit_log_text(), "pfn_track: conflict: "), 1);
	free(text);

	/* Elsewhere, or by somebody else, it is another. */
	conflict_at(200);
	task.tgid++;
	conflict_at(100);
	unit_stack[2] = 4;
	conflict_at(100);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 4);
	free(text);
}

/* At the top there is no page after the last. */
TEST(report, once_per_pair_at_the_top)
{
	unsigned int i;
	char *text;

	boot(NULL);
	for (i = 0; i < 5; i++)
		conflict_at(PFN_TOP);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 1);
	CHECK_HAS(text, "conflict id=1 count=5 ");
	free(text);
}

TEST(report, ring)
{
	unsigned int i, events;
	char *text;

	boot(NULL);
	for (i = 0; i < 70; i++)
		conflict_at(10 * i);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	events = check_format(text, "conflict");
	CHECK_EQ(events, 64);
	CHECK_EQ(number(text, "conflict id="), 7);
	CHECK_HAS(text, "conflict id=70 count=1 ");
	CHECK_HAS(text, "\ntotal: 70\n");
	CHECK_HAS_NOT(text, "conflict id=6 ");
	free(text);

	/* One that fell out is new again. */
	conflict_at(0);
	text = unit_debugfs_read("conflicts", 512, NULL);
	CHECK_EQ(check_format(text, "conflict"), 64);
	CHECK_HAS(text, "conflict id=71 count=1 ");
	free(text);
	CHECK_EQ(unit_stat(PFT_STAT_RECORDS), 0);
}

TEST(report, conflict_line)
{
	char *text;

	boot("enforce");
	CHECK_EQ(do_ioremap(1, 0x20, 4, bad_a), 0);
	task.tgid = 43;
	strscpy(task.comm, "late comer");
	CHECK_EQ(do_map(&unit_mm[0], 1, 0x22, 4, bad_b), -EBUSY);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 1);
	CHECK_HAS(text, "policy: enforce\n");
	CHECK_HAS(text, " range=0x22000-0x23fff bytes=8192 "
		  "asked.range=0x22000-0x25fff exact=yes downgrade=no "
		  "verdict=incoherent result=refused policy=enforce "
		  "cause=held why=");
	CHECK_HAS(text, " held.bytes=8192 held.further=0 "
		  "held.range=0x20000-0x23fff held.time=");
	CHECK_HAS(text, " space=user kind=remap_pfn ");
	CHECK_HAS(text, " pid=43 comm=late\\040comer ");
	CHECK_HAS(text, " held.space=kernel held.kind=ioremap ");
	CHECK_HAS(text, " held.pid=42 held.comm=loud "
		  "held.site=my_probe+0x30/0x40 held.module=my_mod ");
	CHECK_HAS(unit_log_text(), "[mem 0x00022000-0x00025fff] wanted ");
	CHECK_HAS(unit_log_text(), ", 8K of it held ");
	CHECK_HAS(unit_log_text(), "late comer:43 remap_pfn at my_probe");
	CHECK_HAS(unit_log_text(), "held by  loud:42 ioremap");
	CHECK_HAS(unit_log_text(), "advice:  release the held mapping first");
	free(text);
}

/* The held side may be gone when it is read about. */
TEST(report, conflict_outlives_its_parties)
{
	char *text;

	boot(NULL);
	conflict_at(5);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 1);
	CHECK_HAS(text, " held.comm=loud ");
	free(text);
}

TEST(report, no_record_explains)
{
	char *text;

	boot(NULL);
	do_refused(PFN_KIND_IOREMAP, 5, 1, A_WB);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 1);
	CHECK_HAS(text, " result=refused-by-arch ");
	CHECK_HAS(text, " held.space=- held.kind=- held.want=- held.got=- "
		  "held.pid=- held.comm=- held.site=- held.module=- "
		  "held.dev=- held.driver=- held.bytes=0 held.further=0 "
		  "held.range=- held.time=-\n");
	CHECK_HAS(unit_log_text(), "wanted write-back, cause unrecorded, refused-by-arch");
	CHECK_HAS_NOT(unit_log_text(), "held by");
	free(text);
}

/* === What suffers ======================================================= */

static enum pfn_attr weak_a, weak_b;	/* ORDERING */

static void boot_weak(const char *param)
{
	boot(param);
	CHECK(unit_pair(PFN_VERDICT_ORDERING, &weak_a, &weak_b));
}

/* The only line of "conflicts", and the first line of the log. */
static void check_conflict(const char *line, const char *headline)
{
	char *text = unit_debugfs_read("conflicts", 4096, NULL);

	CHECK_EQ(check_format(text, "conflict"), 1);
	CHECK_HAS(text, line);
	CHECK_HAS(unit_log_text(), headline);
	free(text);
}

/*
 * A process has 16 KiB uncached; a driver maps 64 MiB over it, and gets all of
 * it uncached.
 */
TEST(report, downgrade_of_all)
{
	char headline[200];

	boot_weak(NULL);
	CHECK_EQ(do_map(&unit_mm[0], 1, 0x10000, 4, weak_b), 0);
	CHECK_EQ(do_remap(&unit_mm[1], 0x8000, 0x10000, 0x4000, weak_a, weak_b),
		 0);
	sprintf(headline, "conflict: downgrade: [mem 0x10000000-0x13ffffff] "
		"asked for %s, got %s because 16K of it is held so, mapped ",
		pft_attr_text[weak_a], pft_attr_text[weak_b]);
	check_conflict(" range=0x10000000-0x13ffffff bytes=67108864 "
		       "asked.range=0x10000000-0x13ffffff exact=yes "
		       "downgrade=yes verdict=ordering result=mapped ",
		       headline);
	check_conflict(" held.bytes=16384 held.further=0 "
		       "held.range=0x10000000-0x10003fff ", headline);
}

/* strict refuses that, and says what it would have been. */
TEST(report, downgrade_refused)
{
	boot_weak("strict");
	CHECK_EQ(do_map(&unit_mm[0], 1, 0x10000, 4, weak_b), 0);
	CHECK_EQ(do_remap(&unit_mm[1], 0x8000, 0x10000, 0x10, weak_a, weak_b),
		 -EBUSY);
	check_conflict(" bytes=65536 asked.range=0x10000000-0x1000ffff "
		       "exact=yes downgrade=yes verdict=ordering "
		       "result=refused ", ", would get ");
}

/* No mapping has it: the platform gives something else. */
TEST(report, downgrade_by_platform)
{
	char headline[200];

	boot_weak(NULL);
	CHECK_EQ(do_remap(&unit_mm[1], 8, 0x10, 2, weak_a, weak_b), 0);
	sprintf(headline, "asked for %s, got %s, cause ", pft_attr_text[weak_a],
		pft_attr_text[weak_b]);
	check_conflict(" bytes=8192 asked.range=0x10000-0x11fff exact=yes "
		       "downgrade=yes ", headline);
	CHECK_HAS_NOT(unit_log_text(), "held by");
}

/* 1 GiB of nonsense, refused for one page: the page is what disagrees. */
TEST(report, refused_for_a_page)
{
	char headline[200];

	boot_weak("enforce");
	CHECK_EQ(do_ioremap(5, 0x90000, 1, bad_a), 0);
	CHECK_EQ(do_ioremap(0x1000, 0x80000, 0x40000, bad_b), -EBUSY);
	sprintf(headline, ": [mem 0x80000000-0xbfffffff] wanted %s, "
		"4K of it held %s, refused (policy enforce)\n",
		pft_attr_text[bad_b], pft_attr_text[bad_a]);
	check_conflict(" range=0x90000000-0x90000fff bytes=4096 "
		       "asked.range=0x80000000-0xbfffffff exact=yes "
		       "downgrade=no ", headline);
}

/* Several hold it: one is named, the others are counted, and pages once. */
TEST(report, further_holders)
{
	boot_weak(NULL);
	CHECK_EQ(do_ioremap(0x100, 0x10, 4, bad_a), 0);
	CHECK_EQ(do_ioremap(0x200, 0x12, 4, bad_a), 0);
	CHECK_EQ(do_ioremap(0x300, 0x20, 2, bad_a), 0);
	/* This one agrees, and does not count. */
	pft_set_policy(PFT_KIND_ALL, PFN_POLICY_REPORT);
	CHECK_EQ(do_map(&unit_mm[0], 0x400, 0x10, 0x40, bad_b), 0);
	check_conflict(" range=0x10000-0x21fff bytes=32768 "
		       "asked.range=0x10000-0x4ffff exact=yes downgrade=no ",
		       ", 32K of it held ");
	check_conflict(" held.bytes=32768 held.further=2 "
		       "held.range=0x10000-0x13fff ", ", and 2 more\n");
}

/* More of them than are looked at: figures are lower bounds, and say so. */
TEST(report, very_many_holders)
{
	unsigned int i;
	char *text;

	boot_weak(NULL);
	for (i = 0; i < 2000; i++)
		CHECK_EQ(do_ioremap(3 * i, 2 * i, 1, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 0x9000, 0, 4000, bad_b), 0);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_HAS(text, " exact=no ");
	CHECK(number(text, " bytes=") >= 4096);
	CHECK(number(text, " bytes=") <= 2000 * 4096);
	CHECK(number(text, " held.further=") >= 7);
	CHECK(number(text, " held.further=") < 2000);
	CHECK_HAS(unit_log_text(), ", at least ");
	CHECK_HAS(unit_log_text(), ", and at least ");
	free(text);
}

/* Page by page, as faults come: all that was asked for adds up. */
TEST(report, extent_grows)
{
	unsigned int i;

	boot_weak(NULL);
	CHECK_EQ(do_ioremap(0x100, 0x10, 0x20, bad_a), 0);
	for (i = 0; i < 8; i++)
		CHECK_EQ(do_insert(&unit_mm[0], 0x400 + i, 0x12 + i, 1, bad_b),
			 0);
	check_conflict(" count=8 ", "");
	check_conflict(" range=0x12000-0x19fff bytes=32768 "
		       "asked.range=0x12000-0x19fff exact=yes ", "");
	/* The same pages again are the same pages. */
	do_zap(&unit_mm[0], 0x400, 8);
	for (i = 0; i < 8; i++)
		CHECK_EQ(do_insert(&unit_mm[0], 0x400 + i, 0x12 + i, 1, bad_b),
			 0);
	check_conflict(" count=16 ", "");
	check_conflict(" range=0x12000-0x19fff bytes=32768 "
		       "asked.range=0x12000-0x19fff exact=yes ", "");
}

/* A pair that meets in pieces far apart, through the linear map. */
TEST(report, extent_of_scattered_pages)
{
	unsigned int i;

	boot(NULL);
	unit_ram_end = 0x1000;
	unit_linear_attr = PFN_ATTR_WB;
	for (i = 0; i < 4; i++)
		CHECK_EQ(do_map(&unit_mm[0], 0x400 + i, 0x10 + 2 * i, 1,
				unit_not_linear()), 0);
	check_conflict(" range=0x10000-0x16fff bytes=16384 "
		       "asked.range=0x10000-0x16fff exact=yes ", "");
}

/* Against every page on its own, whatever lies over what. */
static void extent_round(void)
{
	const unsigned long first = rand() % 40, nr = 1 + rand() % 24;
	unsigned long pages = 0, low = 0, high = 0, i;
	unsigned int n = rand() % 7, holders = 0, hit[64] = { };
	struct { unsigned long pfn, nr; enum pfn_attr attr; } held[7];
	const struct pft_conflict *c = &unit_trace.conflict;
	long before;

	for (i = 0; i < n; i++) {
		held[i].pfn = rand() % 56;
		held[i].nr = 1 + rand() % 8;
		held[i].attr = rand() % 3 ? bad_a : bad_b;
		CHECK_EQ(do_map(&unit_mm[i], 0x100, held[i].pfn, held[i].nr,
				held[i].attr), 0);
	}
	for (i = 0; i < n; i++) {
		unsigned long j;
		bool in = false;

		if (held[i].attr != bad_a)
			continue;
		for (j = held[i].pfn; j < held[i].pfn + held[i].nr; j++) {
			hit[j] = 1;
			in |= j >= first && j < first + nr;
		}
		holders += in;
	}
	for (i = first; i < first + nr && i < 64; i++) {
		if (!hit[i])
			continue;
		low = pages++ ? low : i;
		high = i;
	}
	before = unit_trace.conflicts;
	CHECK_EQ(do_map(&unit_mm[7], 0x100, first, nr, bad_b), 0);
	CHECK_EQ(unit_trace.conflicts - before, !!pages);
	if (pages) {
		CHECK_EQ(c->pages, pages);
		CHECK_EQ(c->held_pages, pages);
		CHECK_EQ(c->pfn, low);
		CHECK_EQ(c->last, high);
		CHECK_EQ(c->further, holders - 1);
		CHECK_EQ(c->new.pfn, first);
		CHECK_EQ(c->new.last, first + nr - 1);
		CHECK(c->exact && !c->downgrade);
	}
	for (i = 0; i < 8; i++)
		do_zap(&unit_mm[i], 0x100, 64);
}

TEST(report, extent_model)
{
	unsigned int i;

	boot(NULL);
	srand(unit_env("SEED", 1));
	for (i = 0; i < 2000; i++)
		extent_round();
}

/* === What is said of it ================================================= */

/* No line says that what was wanted is what is held. */
static void check_headlines(void)
{
	const char *line = unit_log_text();

	while ((line = strstr(line, "pfn_track: conflict: "))) {
		const char *want = strstr(line, " wanted ");
		const char *held = strstr(line, "held ");
		const char *end = strchr(line, '\n');
		size_t len;

		line += strlen("pfn_track: ");
		if (!want || want > end)
			continue;
		want += strlen(" wanted ");
		len = strcspn(want, ",");
		CHECK(!strstr(want, ", held ") || held < end);
		if (want[len] == ',' && !strncmp(want + len, ", held ", 7))
			CHECK(strncmp(want + len + 7, want, len + 1));
	}
}

/*
 * Every pair of what is held and what is got, and all that may have been asked
 * for, under every policy.
 */
TEST(report, headlines)
{
	static const char * const policies[] = { "report", "enforce", "strict" };
	const enum pfn_attr *held, *got, *want;
	unsigned int i;

	boot(NULL);
	CHECK_EQ(pft_set_log_limit(PFT_LOG_TOTAL, 10000), 0);
	CHECK_EQ(pft_set_log_limit(PFT_LOG_PROCESS, 10000), 0);
	CHECK_EQ(pft_set_log_limit(PFT_LOG_SITE, 10000), 0);
	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		CHECK(unit_sysfs_store("policy", policies[i]) > 0);
		for (held = unit_attrs; *held; held++)
			for (got = unit_attrs; *got; got++)
				for (want = unit_attrs; *want; want++) {
					unit_log_clear();
					task.tgid++;
					do_ioremap(5, 5, 1, *held);
					do_remap(&unit_mm[0], 5, 5, 1, *want,
						 *got);
					do_refused(PFN_KIND_REMAP_PFN, 5, 1,
						   *want);
					check_headlines();
					do_zap(&unit_mm[0], 5, 1);
					do_iounmap(5, 1);
				}
	}
}

/* The wish of one is what another has: what the newcomer got is stated. */
TEST(report, wish_is_what_is_held)
{
	char headline[200];

	boot(NULL);
	CHECK_EQ(do_ioremap(5, 5, 1, bad_a), 0);
	CHECK_EQ(do_remap(&unit_mm[0], 5, 5, 1, bad_a, bad_b), 0);
	sprintf(headline, " wanted %s, got %s, held %s, mapped ",
		pft_attr_text[bad_a], pft_attr_text[bad_b],
		pft_attr_text[bad_a]);
	CHECK_HAS(unit_log_text(), headline);
}

/*
 * A buffer is uncached; a process asks for it write-back and gets what the buffer
 * has.  Both page tables hold the same, and no data can be lost.
 */
TEST(report, alias_by_wish)
{
	char *text;

	boot(NULL);
	CHECK_EQ(do_ioremap(5, 5, 4, A_WC), 0);
	CHECK_EQ(do_remap(&unit_mm[0], 5, 5, 4, A_WB, A_WC), 0);
	CHECK_HAS(unit_log_text(), "conflict: downgrade: [mem 0x00005000-"
		  "0x00008fff] asked for write-back, got write-combining "
		  "because it is held so, mapped (policy report)\n");
	CHECK_HAS(unit_log_text(),
		  "meaning: uncached accesses are slower than the cached ones");
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_HAS(text, " downgrade=yes verdict=ordering ");
	CHECK_HAS(text, " why=uncached\\040accesses\\040are\\040slower");
	CHECK_HAS(text, " source=- ");
	free(text);
}

/* One advice: that of the file is that of the log. */
static void check_advice(enum pfn_advice advice)
{
	static const char * const texts[] = { PFN_ADVICE_TEXT };
	const char *should = texts[advice];
	char *text = unit_debugfs_read("conflicts", 4096, NULL);
	char *at = strstr(text, " advice=");
	char line[200];

	sprintf(line, "pfn_track:   advice:  %s\n", should);
	CHECK_HAS(unit_log_text(), line);
	CHECK(at);
	at += strlen(" advice=");
	while (*should) {
		if (*should == ' ') {
			CHECK(!strncmp(at, "\\040", 4));
			at += 4;
		} else {
			CHECK_EQ(*at++, *should);
		}
		should++;
	}
	CHECK_EQ(*at, ' ');
	free(text);
}

TEST(report, advice_agree)
{
	boot(NULL);
	conflict_at(5);
	check_advice(PFN_ADVICE_AGREE);
}

TEST(report, advice_refused)
{
	boot("enforce");
	CHECK_EQ(do_ioremap(5, 5, 1, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 5, 5, 1, bad_b), -EBUSY);
	check_advice(PFN_ADVICE_RELEASE);
}

TEST(report, advice_downgrade)
{
	boot_weak(NULL);
	CHECK_EQ(do_ioremap(5, 5, 1, weak_b), 0);
	CHECK_EQ(do_remap(&unit_mm[0], 5, 5, 1, weak_a, weak_b), 0);
	check_advice(PFN_ADVICE_RELEASE);
}

TEST(report, advice_linear)
{
	boot(NULL);
	unit_ram_end = 0x1000;
	unit_linear_attr = PFN_ATTR_WB;
	CHECK_EQ(do_map(&unit_mm[0], 5, 5, 1, unit_not_linear()), 0);
	check_advice(PFN_ADVICE_LINEAR);
}

/* A cause has an advice of its own, in both. */
TEST(report, advice_of_cause)
{
	char *text;

	boot(NULL);
	do_refused(PFN_KIND_IOREMAP, 5, 1, A_WB);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_HAS(text, " advice=boot\\040with\\040pfn_track\\075report\\040to");
	CHECK_HAS(unit_log_text(),
		  "advice:  boot with pfn_track=report to see who reserves");
	free(text);
}

/* The log shows the size of RAM, and no address; debugfs shows both. */
TEST(report, log_hides_ram)
{
	char *text, line[80];

	boot(NULL);
	unit_ram_end = 0x40000;
	unit_linear_attr = PFN_ATTR_WB;
	CHECK_EQ(do_map(&unit_mm[0], 5, 0x12345, 16, unit_not_linear()), 0);
	sprintf(line, ": [RAM, 64K] wanted %s, held write-back, mapped ",
		pft_attr_text[unit_not_linear()]);
	CHECK_HAS(unit_log_text(), line);
	CHECK_HAS_NOT(unit_log_text(), "0x12345");
	CHECK_HAS_NOT(unit_log_text(), "[mem");
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_HAS(text, " range=0x12345000-0x12354fff bytes=65536 ");
	free(text);

	/* RAM that a range only ends in, begins with, or has in its middle. */
	unit_log_clear();
	do_zap(&unit_mm[0], 5, 16);
	CHECK_EQ(do_ioremap(0x50000, 0x3ffff, 0x1000, bad_a), 0);
	CHECK_EQ(do_map(&unit_mm[0], 5, 0x3fff0, 0x20, bad_b), 0);
	CHECK_HAS(unit_log_text(), ": [RAM, 128K] wanted ");
	CHECK_HAS_NOT(unit_log_text(), "[mem");

	/* Device memory right above it is shown. */
	unit_log_clear();
	task.tgid++;
	CHECK_EQ(do_map(&unit_mm[1], 5, 0x40000, 0x20, bad_b), 0);
	CHECK_HAS(unit_log_text(), ": [mem 0x40000000-0x4001ffff] wanted ");
}

/* === Call sites ========================================================= */

/* The call site in "records" for a mapping that is made by this stack. */
static void check_site(const char *should, const char *const *stack)
{
	static unsigned long page;
	char site[160], *text;
	unsigned int i;

	for (i = 0; i < UNIT_STACK && stack[i]; i++) {
		unit_symbols[i + 1] = stack[i];
		unit_stack[i] = i + 1;
	}
	if (i < UNIT_STACK)
		unit_stack[i] = 0;
	/* A task of its own, for a holder of its own. */
	task.tgid++;
	page += 2;
	CHECK_EQ(do_map(&unit_mm[0], page, page, 1, A_WB), 0);
	text = unit_debugfs_read("records", 4096, NULL);
	sprintf(site, " site=%s ", should);
	CHECK_HAS(text, site);
	free(text);
	do_zap(&unit_mm[0], page, 1);
}

#define CHECK_SITE(should, ...)						\
	check_site(should, (const char *const []){ __VA_ARGS__, NULL })

TEST(report, site_of_helpers)
{
	boot(NULL);
	CHECK_SITE("field_mmap+0x4/0x9 module=field",
		   "remap_pfn_range+0x1/0x2", "dma_direct_mmap+0x1/0x2",
		   "dma_mmap_attrs+0x1/0x2", "field_mmap+0x4/0x9 [field]",
		   "mmap_region+0x1/0x2");
	/* Built in or as modules, helpers are no drivers. */
	CHECK_SITE("mine_map+0x4/0x9 module=mine", "vmap+0x1/0x2",
		   "drm_gem_shmem_vmap+0x1/0x2 [drm_shmem_helper]",
		   "drm_gem_vmap+0x1/0x2 [drm]", "mine_map+0x4/0x9 [mine]");
	CHECK_SITE("mine_map+0x4/0x9 module=-", "vmap+0x1/0x2",
		   "drm_gem_shmem_vmap+0x1/0x2", "drm_gem_vmap+0x1/0x2",
		   "mine_map+0x4/0x9");
	CHECK_SITE("mine_pin+0x4/0x9 module=mine", "ioremap_wc+0x1/0x2",
		   "ttm_bo_kmap+0x1/0x2 [ttm]", "mine_pin+0x4/0x9 [mine]");
	CHECK_SITE("mine_hw_params+0x4/0x9 module=mine",
		   "dma_alloc_attrs+0x1/0x2", "snd_dma_alloc_pages+0x1/0x2",
		   "do_alloc_pages+0x1/0x2 [snd_pcm]",
		   "snd_pcm_lib_malloc_pages+0x1/0x2 [snd_pcm]",
		   "mine_hw_params+0x4/0x9 [mine]");
	CHECK_SITE("mine_probe+0x4/0x9 module=mine", "ioremap+0x1/0x2",
		   "__devm_ioremap+0x1/0x2", "devm_ioremap_resource+0x1/0x2",
		   "mine_probe+0x4/0x9 [mine]");
}

/* Whatever a module calls its functions: they are its own. */
TEST(report, site_of_modules)
{
	boot(NULL);
	CHECK_SITE("dma_mmap_mine+0x1/0x2 module=mine",
		   "remap_pfn_range+0x1/0x2", "dma_mmap_mine+0x1/0x2 [mine]",
		   "mine_mmap+0x4/0x9 [mine]");
	CHECK_SITE("drm_gem_mine+0x1/0x2 module=mine",
		   "drm_gem_mine+0x1/0x2 [mine]", "other+0x4/0x9 [mine]");
	/* "snd" is one, "snd_mine" and "nd" are not. */
	CHECK_SITE("snd_dma_mine+0x1/0x2 module=snd_mine",
		   "snd_dma_mine+0x1/0x2 [snd_mine]", "other+0x4/0x9 [mine]");
	CHECK_SITE("snd_dma_mine+0x1/0x2 module=nd",
		   "snd_dma_mine+0x1/0x2 [nd]", "other+0x4/0x9 [mine]");
	CHECK_SITE("ttm_mine+0x1/0x2 module=drm",
		   "ttm_mine+0x1/0x2 [drm]", "other+0x4/0x9 [mine]");
}

/* No driver is on the stack: the helper that the kernel called is nearest. */
TEST(report, site_without_driver)
{
	boot(NULL);
	CHECK_SITE("uio_mmap+0x1/0x2 module=uio", "remap_pfn_range+0x1/0x2",
		   "uio_mmap+0x1/0x2 [uio]", "__mmap_region+0x1/0x2",
		   "do_mmap+0x1/0x2");
	CHECK_SITE("drm_gem_shmem_fault+0x1/0x2 module=-",
		   "vmf_insert_pfn_prot+0x1/0x2", "vmf_insert_pfn+0x1/0x2",
		   "drm_gem_shmem_fault+0x1/0x2", "__do_fault+0x1/0x2",
		   "do_read_fault.isra.0+0x1/0x2");
	CHECK_SITE("drm_fb_helper_damage_work+0x1/0x2 module=drm_kms_helper",
		   "ioremap_wc+0x1/0x2", "ttm_bo_vmap+0x1/0x2 [ttm]",
		   "drm_gem_vmap+0x1/0x2 [drm]",
		   "drm_fb_helper_damage_work+0x1/0x2 [drm_kms_helper]",
		   "process_one_work+0x1/0x2", "worker_thread+0x1/0x2");
	/* A driver that is called like a part of the memory manager. */
	CHECK_SITE("do_faulty+0x1/0x2 module=-", "vmf_insert_pfn+0x1/0x2",
		   "do_faulty+0x1/0x2", "__do_fault+0x1/0x2");
}

/* What is refused is not slower: it is not there. */
TEST(report, refused_is_not_called_slower)
{
	boot(NULL);
	do_refused(PFN_KIND_IOREMAP, 5, 1, A_WB);
	CHECK_HAS_NOT(unit_log_text(), "the mapping is slower");
}

/* === The budget of the log ============================================== */

static unsigned int logged(void)
{
	return count(unit_log_text(), "pfn_track: conflict: ");
}

/* A conflict by a process of a user, at a place where none was yet. */
static bool logs(unsigned int uid, int pid)
{
	static unsigned long page;
	unsigned int before = logged();

	task.uid.val = uid;
	task.tgid = pid;
	page += 10;
	conflict_at(page);
	CHECK(logged() - before <= 1);
	return logged() != before;
}

static unsigned int logs_of(unsigned int uid, int pid, unsigned int times)
{
	unsigned int n = 0;

	while (times--)
		n += logs(uid, pid);
	return n;
}

#define SECOND		((u64)NSEC_PER_SEC)
#define HOUR		(3600 * SECOND)

/* One noisy process does not silence another, and is heard again later. */
TEST(report, log_process)
{
	boot(NULL);
	CHECK_EQ(logs_of(0, 42, 300), 5);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 300);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 295);
	CHECK_EQ(logs_of(0, 43, 1), 1);
	CHECK(!logs(0, 42));

	/* A fifth of the hour brings back one of five, and only one. */
	unit_now += HOUR / 5;
	CHECK_EQ(logs_of(0, 42, 10), 1);
	unit_now += HOUR;
	CHECK_EQ(logs_of(0, 42, 10), 5);
}

/* However slowly: what comes back in a day is all that a day can have. */
TEST(report, log_drip)
{
	unsigned int i, n = 0;

	boot(NULL);
	for (i = 0; i < 24 * 60; i++) {
		unit_now += 60 * SECOND;
		n += logs(0, 42);
	}
	CHECK(n >= 5 * 24 && n <= 5 * 25);
}

/* Processes cost a user nothing; other users, and root, are not touched. */
TEST(report, log_user)
{
	unsigned int i, n = 0;

	boot(NULL);
	for (i = 0; i < 300; i++)
		n += logs(1000, 1000 + i);
	CHECK_EQ(n, 20);
	CHECK(logs(1001, 7));
	CHECK(logs(0, 8));
	CHECK(!logs(1000, 9));
	/* One that changed its name, or its call site, is the same user. */
	strscpy(task.comm, "another");
	unit_stack[2] = 4;
	CHECK(!logs(1000, 10));
	CHECK(logs(1001, 11));
}

/* Of a pair of call sites, whatever the processes of root. */
TEST(report, log_site)
{
	unsigned int i, n = 0;

	boot(NULL);
	for (i = 0; i < 300; i++)
		n += logs(0, 1000 + i);
	CHECK_EQ(n, 20);
	CHECK(!logs(0, 7));
	unit_stack[2] = 4;
	CHECK(logs(0, 7));
}

/* All together: a ceiling, of which the noisy leave a quarter to newcomers. */
TEST(report, log_total)
{
	unsigned int i, n = 0;

	boot(NULL);
	for (i = 0; i < 400; i++)
		n += logs(1 + i % 60, 1 + i % 60);
	/* 60 users once as newcomers, and on up to three quarters. */
	CHECK_EQ(n, 150);
	CHECK(logs(2000, 2000));
	for (i = 0; i < 400; i++)
		n += logs(3000 + i, 3000 + i);
	/* It comes back by one in 18 s of 200 an hour; time stands still here. */
	CHECK_EQ(n + 1, 200);
	CHECK(!logs(9000, 9000));
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS),
		 unit_stat(PFT_STAT_SUPPRESSED) + 200);
	unit_now += HOUR / 200 + SECOND;
	CHECK(logs(9001, 9001));
	CHECK(!logs(9002, 9002));
}

/* What a worker reports is charged to the process that had it mapped. */
TEST(report, log_by_a_worker)
{
	char names[10][40];
	long i;

	boot(NULL);
	unit_ram_end = 100;
	unit_linear_attr = A_WB;
	unit_ram_is_mapped = true;
	if (pfn_attr_judge_linear(A_WC, A_WB, false)->verdict < PFN_VERDICT_ORDERING)
		return;
	for (i = 0; i < 10; i++) {
		snprintf(names[i], sizeof(names[i]), "probe_%ld+0x1/0x2 [m]", i);
		unit_symbols[3 + i] = names[i];
		task.uid.val = 7;
		task.tgid = 42;
		CHECK_EQ(__pfn_track_ioremap(kva(2 * i + 1), PAGE_SIZE, PFN_PHYS(2 * i + 1),
					     unit_prot(A_WC), unit_prot(A_WC),
					     (void *)(3 + i)), 0);
		CHECK_EQ(logged(), min(i, 5L));
		task.uid.val = 0;
		task.tgid = 2;
		task.flags = PF_WQ_WORKER;
		unit_seek_end(false);
		task.flags = 0;
	}
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 10);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 5);
}

/* More sources than there are budgets: those that are left share one. */
TEST(report, log_many_sources)
{
	unsigned int i, n = 0;

	boot(NULL);
	CHECK_EQ(pft_set_log_limit(PFT_LOG_TOTAL, 10000), 0);
	CHECK_EQ(pft_set_log_limit(PFT_LOG_USER, 1), 0);
	CHECK_EQ(logs_of(7, 7, 3), 1);
	for (i = 0; i < 1000; i++)
		n += logs(100 + i, 100 + i);
	CHECK_EQ(n, 255 + 1);
	/* No budget was forgotten for that. */
	CHECK(!logs(7, 7));
	unit_now += HOUR;
	CHECK(logs(7, 7));
}

TEST(report, log_limits)
{
	static const struct {
		const char *file;
		unsigned int now;
	} files[] = {
		{ "log_interval", 3600 }, { "log_total", 200 },
		{ "log_user", 20 }, { "log_process", 5 }, { "log_site", 20 },
	};
	static const char * const bad[] = {
		"", "\n", " 1", "1 ", "-1", "1\n2", "0x10", "1e3", "ten",
		"10001", "4294967296", "18446744073709551617", "1,2", "+",
	};
	char buf[PAGE_SIZE], should[16];
	unsigned int i, j;

	boot(NULL);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			/* Seconds may be more than reports. */
			if (!i && !strcmp(bad[j], "10001"))
				continue;
			CHECK(unit_sysfs_store(files[i].file, bad[j]) < 0);
		}
		sprintf(should, "%u\n", files[i].now);
		unit_sysfs_show(files[i].file, buf);
		CHECK(!strcmp(buf, should));
		CHECK_EQ(unit_sysfs_store(files[i].file, "10000\n"), 6);
		unit_sysfs_show(files[i].file, buf);
		CHECK(!strcmp(buf, "10000\n"));
	}
	CHECK_EQ(unit_sysfs_store("log_interval", "0"), -EINVAL);
	CHECK_EQ(unit_sysfs_store("log_interval", "86401"), -EINVAL);
	CHECK_EQ(unit_sysfs_store("log_interval", "86400"), 5);
	CHECK_EQ(pft_set_log_limit(PFT_LOG_COUNT, 1), -EINVAL);
}

/* Limits hold at once, and what was spent under others stays spent. */
TEST(report, log_limits_change)
{
	boot(NULL);
	CHECK_EQ(unit_sysfs_store("log_total", "0"), 1);
	CHECK_EQ(logs_of(0, 42, 10), 0);
	CHECK_EQ(unit_sysfs_store("log_total", "200"), 3);
	CHECK_EQ(logs_of(0, 42, 10), 5);
	CHECK_EQ(unit_sysfs_store("log_process", "10"), 2);
	CHECK_EQ(logs_of(0, 42, 20), 0);
	/* All of it comes back within the new interval, not the old one. */
	CHECK_EQ(unit_sysfs_store("log_interval", "10"), 2);
	unit_now += 10 * SECOND;
	CHECK_EQ(logs_of(0, 42, 20), 10);
}

/* Others stay in the history, however many conflicts one has. */
TEST(report, history_share)
{
	char *text;

	boot(NULL);
	logs_of(1001, 501, 3);
	logs_of(1000, 502, 1000);
	logs_of(1001, 503, 3);
	logs_of(0, 504, 3);
	logs_of(1000, 505, 1000);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 64);
	CHECK_EQ(count(text, " pid=501 "), 3);
	CHECK_EQ(count(text, " pid=503 "), 3);
	CHECK_EQ(count(text, " pid=504 "), 3);
	CHECK_EQ(number(text, "\ntotal: "), 2009);
	/* The newest of the noisy one, and last. */
	CHECK_HAS(text, "conflict id=2009 ");
	CHECK(!strstr(strstr(text, "conflict id=2009 ") + 1, "conflict id="));
	free(text);
}

/* One that comes late has room, too, and nobody has more than the others. */
TEST(report, history_many)
{
	unsigned int i, uid;
	char *text, pid[20];

	boot(NULL);
	for (i = 0; i < 400; i++)
		logs(1 + i % 8, 100 + i % 8);
	text = unit_debugfs_read("conflicts", 4096, NULL);
	CHECK_EQ(check_format(text, "conflict"), 64);
	for (uid = 0; uid < 8; uid++) {
		sprintf(pid, " pid=%u ", 100 + uid);
		CHECK_EQ(count(text, pid), 8);
	}
	free(text);
}

TEST(report, coverage)
{
	unsigned int live, partly;
	bool all;
	char *text;

	boot(NULL);
	/* Without a file of its own an architecture promises nothing. */
	partly = pfn_attr_window(&all) ? 2 : 0;
	CHECK_EQ(!partly, !!strcmp(pfn_attr_arch(), "generic"));
	text = unit_debugfs_read("coverage", 4096, NULL);
	CHECK(check_format(text, NULL) > PFN_KIND_COUNT);
	CHECK_EQ(count(text, "hook kind="), PFN_KIND_COUNT);
	live = count(text, "state=live");
	CHECK(live > PFN_KIND_COUNT);
	CHECK_EQ(count(text, "hook kind=ioremap state=live\n"), 1);
	CHECK_EQ(count(text, "state=partly"), partly);
	CHECK_EQ(count(text, partly ? "road name=ioremap state=partly why=this" :
				      "road name=ioremap state=live why=kind"), 1);
	CHECK_EQ(count(text, "road name=dma state=uncovered why="), 1);
	/* What Kconfig leaves out is not there, as all of it here. */
	CHECK_EQ(count(text, "road name=kvm state=absent why="), 1);
	CHECK_EQ(count(text, "road name=hugetlb state=absent why="), 1);
	CHECK_EQ(count(text, "road name=userfaultfd state=absent why="), 1);
	CHECK_EQ(count(text, "road name=iotable_init state=absent why="), 1);
	CHECK_EQ(count(text, "road name=io_mapping_map_user state=absent why="),
		 1);
	CHECK_EQ(count(text, "road name=dma_remap state=absent why="), 1);
	CHECK_EQ(count(text, "road name=anonymous state=uncovered why="), 1);
	CHECK_EQ(count(text, "state=off"), 0);
	free(text);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	text = unit_debugfs_read("coverage", 4096, NULL);
	CHECK_EQ(count(text, "state=off"), live + partly);
	CHECK_EQ(count(text, "state=live"), 0);
	CHECK_EQ(count(text, "state=partly"), 0);
	CHECK_EQ(count(text, "road name=dma state=uncovered why="), 1);
	free(text);
}

/* === sysfs ============================================================== */

#define CHECK_FILE(path, should)					\
	do {								\
		char _buf[PAGE_SIZE];					\
									\
		CHECK_EQ(unit_sysfs_show(path, _buf), strlen(should));	\
		CHECK(!strcmp(_buf, should));				\
	} while (0)

TEST(report, sysfs)
{
	boot(NULL);
	CHECK_FILE("policy", "report\n");
	CHECK_FILE("kind/ioremap", "default\n");
	CHECK_FILE("kind/remap_pfn", "default\n");
	CHECK_FILE("kind/claim", "default\n");
	CHECK_FILE("records", "0\n");
	conflict_at(5);
	CHECK_FILE("maps", "2\n");
	CHECK_FILE("unmaps", "2\n");
	CHECK_FILE("conflicts", "1\n");
	CHECK_FILE("refused", "0\n");
	CHECK_FILE("downgrades", "0\n");
	CHECK_FILE("suppressed", "0\n");
	CHECK_FILE("incomplete", "0\n");
	CHECK_FILE("late", "0\n");
	CHECK_EQ(unit_sysfs_store("policy", "strict\n"), 7);
	CHECK_FILE("policy", "strict\n");
	CHECK_EQ(unit_sysfs_store("policy", "off"), 3);
	CHECK_FILE("policy", "off\n");
	CHECK_EQ(unit_sysfs_store("policy", "enforce\n"), 8);
	CHECK_FILE("late", "1\n");
	CHECK_EQ(unit_sysfs_store("kind/claim", "off\n"), 4);
	CHECK_FILE("kind/claim", "off\n");
	CHECK_EQ(unit_sysfs_store("kind/claim", "default\n"), 8);
	CHECK_FILE("kind/claim", "default\n");
}

TEST(report, sysfs_errors)
{
	static const char * const bad[] = {
		"", "\n", " off", "off ", "OFF", "offf", "of", "0", "default",
		"report\nstrict", "report,strict", "claim:off",
	};
	unsigned int i;

	boot(NULL);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		if (!strncmp(bad[i], "report\n", 7))
			continue;
		CHECK_EQ(unit_sysfs_store("policy", bad[i]), -EINVAL);
		CHECK_FILE("policy", "report\n");
	}
	for (i = 0; i < 8; i++)
		CHECK_EQ(unit_sysfs_store("kind/claim", bad[i]), -EINVAL);
}

/* All of it has to be a policy, not only its first line. */
TEST(report, sysfs_second_line)
{
	boot(NULL);
	CHECK_EQ(unit_sysfs_store("policy", "off\nstrict\n"), -EINVAL);
	CHECK_FILE("policy", "report\n");
}

TEST(report, names)
{
	CHECK_EQ(pft_policy_from_text("strictly", 6), PFN_POLICY_STRICT);
	CHECK_EQ(pft_policy_from_text("strictly", 8), -EINVAL);
	CHECK_EQ(pft_policy_from_text("", 0), -EINVAL);
	CHECK_EQ(pft_policy_from_text("default", 7), PFT_POLICY_DEFAULT);
	CHECK_EQ(pft_kind_from_text("claim:off", 5), PFN_KIND_CLAIM);
	CHECK_EQ(pft_kind_from_text("remap_pfn", 9), PFN_KIND_REMAP_PFN);
	CHECK_EQ(pft_kind_from_text("remap", 5), -EINVAL);
}
