// SPDX-License-Identifier: GPL-2.0-only
/* Who shares a holder with whom, and that the stack is walked no oftener. */
#include "unit.h"

/* Return addresses, see unit_symbols. */
#define DRIVER		((void *)1)
#define OTHER		((void *)2)
#define WRAPPER		((void *)3)

static unsigned long next_page;

static void boot(void)
{
	unit_boot(NULL);
	unit_symbols[1] = "drv_probe+0x10/0x80 [drv]";
	unit_symbols[2] = "other_probe+0x10/0x80 [other]";
	unit_symbols[3] = "devm_ioremap+0x10/0x80";
	unit_stack[0] = 3;
	unit_stack[1] = 1;
}

static struct pft_holder *ioremap_by(const void *caller)
{
	unsigned long page = next_page += 10;

	CHECK_EQ(__pfn_track_ioremap(kva(page), PAGE_SIZE, PFN_PHYS(page),
				     unit_prot(A_WB), unit_prot(A_WB), caller),
		 0);
	return record_at(PFN_SPACE_KERNEL, NULL, page).holder;
}

static struct pft_holder *remap_of(struct file *file)
{
	unsigned long page = next_page += 10;
	struct vm_area_struct vma = unit_vma(&unit_mm[0], page, 1);

	vma.vm_file = file;
	CHECK_EQ(__pfn_track_remap(&vma, vma.vm_start, page, PAGE_SIZE,
				   unit_prot(A_WB), unit_prot(A_WB)), 0);
	return record_at(PFN_SPACE_USER, &unit_mm[0], page).holder;
}

TEST(holder, shared_by_a_call_site)
{
	struct pft_holder *first;
	long stacks;

	boot();
	first = ioremap_by(DRIVER);
	stacks = unit_stacks();
	CHECK(ioremap_by(DRIVER) == first);
	CHECK(ioremap_by(DRIVER) == first);
	CHECK_EQ(unit_stacks(), stacks);
	CHECK(ioremap_by(OTHER) != first);
	/* Three records, and the memory of it. */
	CHECK_EQ(first->ref.refs, 4);
}

/* All drivers come by a wrapper: what called it tells them apart. */
TEST(holder, wrapper)
{
	struct pft_holder *first, *second;

	boot();
	first = ioremap_by(WRAPPER);
	CHECK(ioremap_by(WRAPPER) == first);
	unit_stack[1] = 2;
	second = ioremap_by(WRAPPER);
	CHECK(second != first);
	CHECK(second->stack != first->stack);
	unit_stack[1] = 1;
	CHECK(ioremap_by(WRAPPER)->stack == first->stack);
	/* Nor does an address tell anything that is not known. */
	CHECK(ioremap_by(NULL)->stack == first->stack);
}

/* A driver's own function is none, whatever it is called. */
TEST(holder, named_like_a_wrapper)
{
	char *text;

	boot();
	unit_symbols[1] = "ioremap_my_bars+0x10/0x80 [drv]";
	unit_stack[2] = 2;
	ioremap_by(WRAPPER);
	text = unit_debugfs_read("records", 4096, NULL);
	CHECK_HAS(text, " site=ioremap_my_bars+0x10/0x80 module=drv ");
	free(text);
}

TEST(holder, file)
{
	static int fops, other_fops;
	struct inode inode = { .i_ino = 7 }, other = { .i_ino = 8 };
	struct file file = { .f_op = &fops, .inode = &inode };
	struct file same = file, ops = file, node = file;
	struct pft_holder *first;
	long stacks;

	ops.f_op = &other_fops;
	node.inode = &other;
	boot();
	first = remap_of(&file);
	stacks = unit_stacks();
	/* Whoever opened it. */
	CHECK(remap_of(&same) == first);
	CHECK_EQ(unit_stacks(), stacks);
	CHECK(remap_of(&ops) != first);
	CHECK(remap_of(&node) != first);
	CHECK(remap_of(NULL) != first);
}

TEST(holder, other_task)
{
	struct task_struct task = { .tgid = 5, .comm = "kworker/one" };
	struct pft_holder *first;

	boot();
	unit_current = &task;
	first = ioremap_by(DRIVER);
	strscpy(task.comm, "kworker/two");
	CHECK(ioremap_by(DRIVER) != first);
	strscpy(task.comm, "kworker/one");
	task.tgid = 6;
	CHECK(ioremap_by(DRIVER) != first);
	CHECK_EQ(first->pid, 5);
	CHECK(!strcmp(first->comm, "kworker/one"));
}

/* Pages are migrated, and faulted in for a debugger, by somebody else. */
TEST(holder, on_behalf)
{
	struct task_struct owner = { .tgid = 7, .comm = "owner",
				     .mm = &unit_mm[0] };
	struct task_struct other = { .tgid = 8, .comm = "other" };
	struct pft_holder *holder;

	boot();
	unit_tasks = &owner;
	unit_current = &other;
	CHECK_EQ(do_insert(&unit_mm[0], 10, 50, 1, A_WC), 0);
	holder = record_at(PFN_SPACE_USER, &unit_mm[0], 10).holder;
	CHECK_EQ(holder->pid, 7);
	CHECK(!strcmp(holder->comm, "owner"));
	/* What it faults in by itself goes on there. */
	unit_current = &owner;
	CHECK_EQ(do_insert(&unit_mm[0], 11, 51, 1, A_WC), 0);
	CHECK(record_at(PFN_SPACE_USER, &unit_mm[0], 11).holder == holder);

	/* Whose it is cannot be found: not the current task's, at any rate. */
	CHECK_EQ(do_insert(&unit_mm[1], 10, 60, 1, A_WC), 0);
	holder = record_at(PFN_SPACE_USER, &unit_mm[1], 10).holder;
	CHECK_EQ(holder->pid, 0);
	CHECK(!strcmp(holder->comm, "?"));
	unit_tasks = NULL;
}

TEST(holder, device)
{
	struct device a = { .name = "a", .driver = "drv" }, b = a;
	struct pfn_claim claims[3] = { };

	boot();
	b.name = "b";
	CHECK(!pfn_track_claim(&claims[0], &a, 0, pages(1), A_WB, 0));
	CHECK(!pfn_track_claim(&claims[1], &a, 0, pages(1), A_WB, 0));
	CHECK(!pfn_track_claim(&claims[2], &b, 0, pages(1), A_WB, 0));
	CHECK(!strcmp(record_at(PFN_SPACE_NONE, &claims[1], 0).holder->dev,
		      "a"));
	CHECK(!strcmp(record_at(PFN_SPACE_NONE, &claims[2], 0).holder->dev,
		      "b"));
}

/* As many of a child's holders as there were of the parent's. */
TEST(holder, fork)
{
	struct pft_holder *a, *b;
	struct pft_record *rec;
	int nr_a = 0, nr_b = 0;

	boot();
	CHECK_EQ(do_map(&unit_mm[0], 10, 50, 4, A_WB), 0);
	CHECK_EQ(do_map(&unit_mm[0], 20, 60, 4, A_WB), 0);
	unit_stack[1] = 2;
	CHECK_EQ(do_map(&unit_mm[0], 30, 70, 4, A_WB), 0);
	do_fork(&unit_mm[1], &unit_mm[0], 0, 100);
	a = record_at(PFN_SPACE_USER, &unit_mm[1], 10).holder;
	b = record_at(PFN_SPACE_USER, &unit_mm[1], 30).holder;
	CHECK(a != b);
	CHECK(a != record_at(PFN_SPACE_USER, &unit_mm[0], 10).holder);
	spin_lock(&pft_lock);
	for (rec = unit_after(NULL); rec; rec = unit_after(rec)) {
		nr_a += rec->holder == a;
		nr_b += rec->holder == b;
	}
	pft_unlock();
	CHECK_EQ(nr_a, 2);
	CHECK_EQ(nr_b, 1);
	CHECK_EQ(a->ref.refs, 2);
	__pfn_track_exit(&unit_mm[1]);
	__pfn_track_exit(&unit_mm[0]);
	unit_check_store();
}

/* What is off is forgotten, names included. */
TEST(holder, off)
{
	long before;

	boot();
	before = unit_objects();
	ioremap_by(DRIVER);
	ioremap_by(OTHER);
	CHECK_EQ(pft_set_policy(PFT_KIND_ALL, PFN_POLICY_OFF), 0);
	unit_rcu_run();
	CHECK_EQ(unit_objects(), before);
}
