// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a process, mapped write-combining by a driver.
 *
 * Writing "PID ADDRESS PAGES pin" or "... get" to /dev/pfn_borrow takes a reference
 * to that many pages of a process, as a driver that does DMA, or one that does not,
 * and maps them by vmap().  Writing "back" undoes that.  The linear map stays as it
 * is, which is wrong: this is the driver that the registry is there to report.
 *
 * "PID ADDRESS PAGES hole" takes pages of the file that is mapped there out of all
 * page tables, as a file system does that punches a hole: private copies stay.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define MAX_PAGES	16

static DEFINE_MUTEX(borrow_lock);
static struct page *pages[MAX_PAGES];
static unsigned int nr_pages;
static bool pinned;
static void *mapped;

static void borrow_back(void)
{
	vunmap(mapped);
	mapped = NULL;
	if (pinned)
		unpin_user_pages(pages, nr_pages);
	else
		release_pages(pages, nr_pages);
	nr_pages = 0;
}

static int borrow_take(struct mm_struct *mm, unsigned long va, unsigned int nr)
{
	long got;

	mmap_read_lock(mm);
	if (pinned)
		got = pin_user_pages_remote(mm, va, nr, FOLL_WRITE, pages, NULL);
	else
		got = get_user_pages_remote(mm, va, nr, 0, pages, NULL);
	mmap_read_unlock(mm);
	if (got <= 0)
		return got ?: -EFAULT;
	nr_pages = got;
	mapped = vmap(pages, nr_pages, VM_MAP, pgprot_writecombine(PAGE_KERNEL));
	if (mapped && nr_pages == nr)
		return 0;
	borrow_back();
	return -ENOMEM;
}

static int borrow_hole(struct mm_struct *mm, unsigned long va, unsigned int nr)
{
	struct vm_area_struct *vma;
	int ret = -EFAULT;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, va);
	if (vma && vma->vm_file) {
		unmap_mapping_range(vma->vm_file->f_mapping,
				    (loff_t)linear_page_index(vma, va) << PAGE_SHIFT,
				    (loff_t)nr << PAGE_SHIFT, 0);
		ret = 0;
	}
	mmap_read_unlock(mm);
	return ret;
}

static int borrow(pid_t pid, unsigned long va, unsigned int nr, const char *how)
{
	const bool hole = !strcmp(how, "hole");
	struct task_struct *task;
	struct mm_struct *mm;
	int ret;

	if (!nr || nr > MAX_PAGES || (nr_pages && !hole))
		return -EINVAL;
	rcu_read_lock();
	task = pid_task(find_vpid(pid), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		return -ESRCH;
	mm = get_task_mm(task);
	put_task_struct(task);
	if (!mm)
		return -ESRCH;
	if (hole) {
		ret = borrow_hole(mm, va, nr);
	} else {
		pinned = !strcmp(how, "pin");
		ret = borrow_take(mm, va, nr);
	}
	mmput(mm);
	return ret;
}

static ssize_t borrow_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	char order[64] = "", how[8] = "";
	unsigned long va;
	unsigned int nr;
	int pid, ret = 0;

	if (count >= sizeof(order) || copy_from_user(order, buf, count))
		return -EINVAL;
	mutex_lock(&borrow_lock);
	if (!strcmp(strim(order), "back"))
		borrow_back();
	else if (sscanf(order, "%d %lx %u %7s", &pid, &va, &nr, how) == 4)
		ret = borrow(pid, va, nr, how);
	else
		ret = -EINVAL;
	mutex_unlock(&borrow_lock);
	return ret ?: count;
}

static const struct file_operations borrow_fops = {
	.owner = THIS_MODULE,
	.write = borrow_write,
};

static struct miscdevice borrow_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pfn_borrow",
	.fops = &borrow_fops,
};

static int __init borrow_init(void)
{
	return misc_register(&borrow_device);
}
module_init(borrow_init);

static void __exit borrow_exit(void)
{
	misc_deregister(&borrow_device);
	borrow_back();
}
module_exit(borrow_exit);

MODULE_DESCRIPTION("Pages of a process that a driver maps write-combining");
MODULE_LICENSE("GPL");
