// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfn_track misuse: the driver that the cases are cases of.
 *
 * Binds to QEMU's ivshmem device, whose BAR 2 is plain memory, so that whatever
 * is done to it harms nobody. In debugfs, under pfn_track_misuse/:
 *
 *   do         write the name of a case to run it, "-name" to undo it
 *   cases      the cases, one a line: name, first byte and size of the window
 *   mmap/NAME  mmap() as the driver of this case would implement it
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "misuse.h"

#define IVSHMEM_BAR	2

static const struct misuse_case * const misuse_tables[] = {
	misuse_kernel, misuse_user, misuse_fault, misuse_claim,
	misuse_pages,
};

/* One device is enough; the pointer is set while it is bound. */
static struct misuse *misuse_states;
static unsigned int misuse_count;
static struct dentry *misuse_dir;
/* Serialises the cases. */
static DEFINE_MUTEX(misuse_lock);

/**
 * misuse_keep - remember a mapping until the case is undone
 * @m: the case
 * @map: the mapping
 *
 * Return: 0, or -ENOMEM if @map is NULL: ioremap() does not say why.
 */
int misuse_keep(struct misuse *m, void __iomem *map)
{
	if (!map)
		return -ENOMEM;
	m->map[m->nr++] = map;
	return 0;
}

/**
 * misuse_keep_mem - the same for what memremap() returns
 * @m: the case
 * @map: the mapping
 *
 * Return: 0, or -ENOMEM if @map is NULL.
 */
int misuse_keep_mem(struct misuse *m, void *map)
{
	return misuse_keep(m, (void __iomem __force *)map);
}

/**
 * misuse_undo - undo what most cases do
 * @m: the case
 */
void misuse_undo(struct misuse *m)
{
	while (m->nr)
		iounmap(m->map[--m->nr]);
	if (m->claim.size)
		pfn_track_release(&m->claim);
	if (m->page)
		__free_page(m->page);
	m->page = NULL;
}

static struct misuse *misuse_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < misuse_count; i++)
		if (!strcmp(misuse_states[i].what->name, name))
			return &misuse_states[i];
	return NULL;
}

static void misuse_stop(struct misuse *m)
{
	m->what->undo(m);
	m->step = 0;
}

static int misuse_order(const char *name)
{
	bool undo = *name == '-';
	struct misuse *m = misuse_find(name + undo);
	int ret = 0;

	if (!m)
		return -ENOENT;
	if (undo) {
		misuse_stop(m);
		return 0;
	}
	if (m->what->run)
		ret = m->what->run(m);
	if (ret)
		misuse_stop(m);
	else
		m->step++;
	return ret;
}

static ssize_t do_write(struct file *file, const char __user *buf,
			size_t count, loff_t *pos)
{
	char name[40];
	int ret;

	if (count >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, buf, count))
		return -EFAULT;
	name[count] = '\0';

	mutex_lock(&misuse_lock);
	ret = misuse_order(strim(name));
	mutex_unlock(&misuse_lock);
	return ret ?: count;
}

static const struct file_operations do_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = do_write,
};

static int cases_show(struct seq_file *s, void *unused)
{
	unsigned int i;

	for (i = 0; i < misuse_count; i++)
		seq_printf(s, "%s %pa 0x%lx\n", misuse_states[i].what->name,
			   &misuse_states[i].start, MISUSE_WINDOW);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cases);

static int misuse_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct misuse *m = file->private_data;

	if (vma->vm_pgoff >= MISUSE_PAGES ||
	    vma_pages(vma) > MISUSE_PAGES - vma->vm_pgoff)
		return -EINVAL;
	m->mapping = file->f_mapping;
	return m->what->mmap(m, vma);
}

static const struct file_operations mmap_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.mmap = misuse_mmap,
};

static unsigned int misuse_fill(struct misuse *m, struct pci_dev *pdev,
				phys_addr_t area)
{
	phys_addr_t start = pci_resource_start(pdev, IVSHMEM_BAR);
	const struct misuse_case *what;
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(misuse_tables); i++)
		for (what = misuse_tables[i]; what->name; what++, nr++)
			if (m)
				m[nr] = (struct misuse){
					.what = what,
					.dev = &pdev->dev,
					.start = start + nr * MISUSE_WINDOW,
					.area = area,
				};
	return nr;
}

static void misuse_files(void)
{
	struct dentry *maps;
	unsigned int i;

	misuse_dir = debugfs_create_dir("pfn_track_misuse", NULL);
	debugfs_create_file("do", 0200, misuse_dir, NULL, &do_fops);
	debugfs_create_file("cases", 0400, misuse_dir, NULL, &cases_fops);
	maps = debugfs_create_dir("mmap", misuse_dir);
	/* Unsafe: the others cannot be mapped. Open files hold the module. */
	for (i = 0; i < misuse_count; i++)
		if (misuse_states[i].what->mmap)
			debugfs_create_file_unsafe(misuse_states[i].what->name,
						   0600, maps,
						   &misuse_states[i],
						   &mmap_fops);
}

static int misuse_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	unsigned int nr = misuse_fill(NULL, pdev, 0);
	phys_addr_t start = pci_resource_start(pdev, IVSHMEM_BAR), area;
	int ret;

	area = ALIGN(start + nr * MISUSE_WINDOW, MISUSE_AREA);
	if (misuse_states || area + MISUSE_AREA - 1 >
			     pci_resource_end(pdev, IVSHMEM_BAR))
		return -ENODEV;
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	misuse_states = kcalloc(nr, sizeof(*misuse_states), GFP_KERNEL);
	if (!misuse_states)
		return -ENOMEM;
	misuse_count = misuse_fill(misuse_states, pdev, area);
	pci_set_drvdata(pdev, misuse_states);
	misuse_files();
	return 0;
}

static void misuse_remove(struct pci_dev *pdev)
{
	unsigned int i;

	debugfs_remove(misuse_dir);
	for (i = 0; i < misuse_count; i++)
		misuse_stop(&misuse_states[i]);
	kfree(misuse_states);
	misuse_states = NULL;
	misuse_count = 0;
}

static const struct pci_device_id misuse_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{ }
};
MODULE_DEVICE_TABLE(pci, misuse_ids);

/* Whoever maps a file holds the module, but not the device. */
static struct pci_driver misuse_driver = {
	.name = "pfn_track_misuse",
	.id_table = misuse_ids,
	.probe = misuse_probe,
	.remove = misuse_remove,
	.driver.suppress_bind_attrs = true,
};
module_pci_driver(misuse_driver);

MODULE_DESCRIPTION("pfn_track sample: mistakes, and what looks like them");
MODULE_LICENSE("GPL");
