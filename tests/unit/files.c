// SPDX-License-Identifier: GPL-2.0-only
/* seq_file, debugfs and sysfs for user space: a reader of both. */
#include "shim.h"
#undef snprintf

#define UNIT_FILES	8

static struct {
	const char *name;
	const struct file_operations *fops;
} unit_files[UNIT_FILES];

static const struct attribute_group **unit_groups;
struct kobject *mm_kobj;

/* === seq_file =========================================================== */

/* A full buffer means "did not fit", as it does in the kernel. */
static void unit_seq_add(struct seq_file *m, const char *text, size_t len)
{
	if (m->count + len < m->size) {
		memcpy(m->buf + m->count, text, len);
		m->count += len;
	} else {
		m->count = m->size;
	}
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	UNIT_ASSERT(len >= 0 && (size_t)len < sizeof(text));
	unit_seq_add(m, text, len);
}

void seq_puts(struct seq_file *m, const char *text)
{
	unit_seq_add(m, text, strlen(text));
}

void seq_putc(struct seq_file *m, char c)
{
	unit_seq_add(m, &c, 1);
}

void seq_escape_mem(struct seq_file *m, const char *src, size_t len,
		    unsigned int flags, const char *more)
{
	size_t i;

	UNIT_ASSERT(flags == (ESCAPE_OCTAL | ESCAPE_NAP | ESCAPE_APPEND));
	for (i = 0; i < len; i++) {
		unsigned char c = src[i];

		if (c >= ' ' && c <= '~' && !strchr(more, c))
			seq_putc(m, c);
		else
			seq_printf(m, "\\%03o", c);
	}
}

static void *unit_single_start(struct seq_file *m, loff_t *pos)
{
	(void)m;
	return *pos ? NULL : SEQ_START_TOKEN;
}

static void *unit_single_next(struct seq_file *m, void *v, loff_t *pos)
{
	(void)m;
	(void)v;
	++*pos;
	return NULL;
}

static void unit_single_stop(struct seq_file *m, void *v)
{
	(void)m;
	(void)v;
}

static int unit_single_show(struct seq_file *m, void *v)
{
	return m->single(m, v);
}

static const struct seq_operations unit_single_ops = {
	.start = unit_single_start,
	.next = unit_single_next,
	.stop = unit_single_stop,
	.show = unit_single_show,
};

int seq_open_private(struct file *file, const struct seq_operations *op,
		     int size)
{
	struct seq_file *m = calloc(1, sizeof(*m));

	UNIT_ASSERT(m);
	m->op = op;
	m->private = calloc(1, size);
	UNIT_ASSERT(m->private);
	file->private_data = m;
	return 0;
}

int single_open(struct file *file, int (*show)(struct seq_file *m, void *v))
{
	int ret = seq_open_private(file, &unit_single_ops, 1);

	((struct seq_file *)file->private_data)->single = show;
	return ret;
}

/* Get at least one item into the buffer, which grows until it fits. */
static void *unit_seq_first(struct seq_file *m, loff_t *pos)
{
	void *v;

	for (;;) {
		m->count = 0;
		v = m->op->start(m, pos);
		if (!v)
			return NULL;
		UNIT_ASSERT(!m->op->show(m, v));
		if (m->count < m->size)
			return v;
		m->op->stop(m, v);
		m->size *= 2;
		m->buf = realloc(m->buf, m->size);
		UNIT_ASSERT(m->buf);
	}
}

/*
 * One read(2) of up to @chunk bytes.  An item that does not fit any more is
 * shown, thrown away, and asked for again by the next read: between the two
 * the lock is dropped, and next() has not been called for it.
 */
static bool unit_seq_read(struct seq_file *m, loff_t *pos, size_t chunk)
{
	void *v = unit_seq_first(m, pos);

	if (!v) {
		m->op->stop(m, v);
		return false;
	}
	for (;;) {
		size_t before = m->count;
		loff_t old = *pos;

		v = m->op->next(m, v, pos);
		UNIT_ASSERT(*pos != old);
		if (!v || m->count >= chunk)
			break;
		UNIT_ASSERT(!m->op->show(m, v));
		if (m->count >= m->size) {
			m->count = before;
			break;
		}
	}
	m->op->stop(m, v);
	return true;
}

static char *unit_seq_read_all(struct seq_file *m, size_t chunk,
			       void (*between)(unsigned int nr))
{
	char *text = calloc(1, 1);
	unsigned int nr = 0;
	size_t len = 0;
	loff_t pos = 0;

	m->size = chunk;
	m->buf = malloc(chunk);
	while (unit_seq_read(m, &pos, chunk)) {
		text = realloc(text, len + m->count + 1);
		UNIT_ASSERT(text);
		memcpy(text + len, m->buf, m->count);
		len += m->count;
		text[len] = '\0';
		UNIT_ASSERT(strlen(text) == len);
		if (between)
			between(nr++);
	}
	return text;
}

/* === debugfs ============================================================ */

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
	(void)parent;
	UNIT_ASSERT(!strcmp(name, "pfn_track"));
	return NULL;
}

void debugfs_create_file(const char *name, unsigned int mode,
			 struct dentry *parent, void *data,
			 const struct file_operations *fops)
{
	unsigned int i = 0;

	(void)parent;
	(void)data;
	/* Physical addresses are for root only. */
	UNIT_ASSERT(mode == 0400);
	while (unit_files[i].name)
		i++;
	UNIT_ASSERT(i < UNIT_FILES);
	unit_files[i].name = name;
	unit_files[i].fops = fops;
}

int seq_release_private(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	(void)inode;
	free(m->buf);
	free(m->private);
	free(m);
	return 0;
}

char *unit_debugfs_read(const char *name, size_t chunk,
			void (*between)(unsigned int nr))
{
	struct file file = { NULL };
	struct seq_file *m;
	unsigned int i = 0;
	char *text;

	while (unit_files[i].name && strcmp(unit_files[i].name, name))
		i++;
	UNIT_ASSERT(unit_files[i].name);
	UNIT_ASSERT(!unit_files[i].fops->open(NULL, &file));
	m = file.private_data;
	text = unit_seq_read_all(m, chunk, between);
	if (unit_files[i].fops->release) {
		UNIT_ASSERT(!unit_files[i].fops->release(NULL, &file));
		return text;
	}
	free(m->buf);
	free(m->private);
	free(m);
	return text;
}

/* === sysfs ============================================================== */

struct kobject *kobject_create_and_add(const char *name, struct kobject *parent)
{
	UNIT_ASSERT(!strcmp(name, "pfn_track"));
	UNIT_ASSERT(parent == mm_kobj);
	/* Only ever compared with NULL. */
	return (struct kobject *)&unit_groups;
}

int sysfs_create_groups(struct kobject *kobj,
			const struct attribute_group **groups)
{
	UNIT_ASSERT(kobj);
	unit_groups = groups;
	return 0;
}

static struct kobj_attribute *unit_attr(const char *path)
{
	const char *slash = strchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const struct attribute_group **group;
	struct attribute **attr;

	for (group = unit_groups; *group; group++) {
		const char *dir = (*group)->name;

		if (!dir != !slash ||
		    (dir && strncmp(dir, path, slash - path)))
			continue;
		for (attr = (*group)->attrs; *attr; attr++)
			if (!strcmp((*attr)->name, name))
				return container_of(*attr,
						    struct kobj_attribute,
						    attr);
	}
	fprintf(stderr, "no such file in sysfs: %s\n", path);
	abort();
}

ssize_t unit_sysfs_show(const char *path, char *buf)
{
	struct kobj_attribute *attr = unit_attr(path);

	UNIT_ASSERT(attr->attr.mode & 0444);
	return attr->show(NULL, attr, buf);
}

ssize_t unit_sysfs_store(const char *path, const char *text)
{
	struct kobj_attribute *attr = unit_attr(path);

	UNIT_ASSERT(attr->attr.mode & 0200);
	return attr->store(NULL, attr, text, strlen(text));
}
