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
	CHECK_HAS(text, " range=0x22000-0x23fff verdict=incoherent "
		  "result=refused policy=enforce cause=held why=");
	CHECK_HAS(text, " space=user kind=remap_pfn ");
	CHECK_HAS(text, " pid=43 comm=late\\040comer ");
	CHECK_HAS(text, " held.space=kernel held.kind=ioremap ");
	CHECK_HAS(text, " held.pid=42 held.comm=loud "
		  "held.site=my_probe+0x30/0x40 held.module=my_mod ");
	CHECK_HAS(text, " held.range=0x20000-0x23fff held.time=");
	CHECK_HAS(unit_log_text(), "[mem 0x00022000-0x00023fff]");
	CHECK_HAS(unit_log_text(), "late comer:43 remap_pfn at my_probe");
	CHECK_HAS(unit_log_text(), "held by  loud:42 ioremap");
	CHECK_HAS(unit_log_text(), "advice:  unmap the held mapping first");
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
		  "held.dev=- held.driver=- held.range=- held.time=-\n");
	CHECK_HAS(unit_log_text(), "wanted write-back, cause unrecorded, refused-by-arch");
	CHECK_HAS_NOT(unit_log_text(), "held by");
	free(text);
}

/* What is refused is not slower: it is not there. */
TEST(report, refused_is_not_called_slower)
{
	boot(NULL);
	do_refused(PFN_KIND_IOREMAP, 5, 1, A_WB);
	CHECK_HAS_NOT(unit_log_text(), "the mapping is slower");
}

/* Different conflicts, too many of them: at most ten at a stretch, 200 ever. */
TEST(report, log_limits)
{
	unsigned int i;

	boot(NULL);
	for (i = 0; i < 60; i++)
		conflict_at(10 * i);
	CHECK_EQ(count(unit_log_text(), "pfn_track: conflict: "), 10);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 50);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 60);
	for (i = 60; i < 400; i++) {
		unit_now += 6ull * NSEC_PER_SEC;
		conflict_at(10 * i);
	}
	CHECK_EQ(count(unit_log_text(), "pfn_track: conflict: "), 200);
	CHECK_EQ(unit_stat(PFT_STAT_CONFLICTS), 400);
	CHECK_EQ(unit_stat(PFT_STAT_SUPPRESSED), 200);
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
