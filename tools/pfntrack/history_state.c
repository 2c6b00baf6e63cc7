// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the file that keeps what was acknowledged.
 *
 * The kernel counts and never forgets a number; what was acknowledged are the
 * numbers that it had.  They are those of one boot: after the next one the file
 * says nothing.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "history.h"
#include "main.h"
#include "replace.h"
#include "util.h"

#define BOOT_ID     "/proc/sys/kernel/random/boot_id"
#define MAX_STATE   (64 << 10)
#define MAX_BOOT_ID 64
#define NEW_STATE   "pfntrack conflicts --clear"

/* Read a small regular file.  Return: its length, or -errno. */
static ssize_t read_small(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0, used = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EMEDIUMTYPE;
	}
	while ((size_t)used + 1 < size && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += n;
	if (n < 0)
		used = -errno;
	close(fd);
	if (used >= 0)
		text[used] = '\0';
	return used;
}

static bool boot_id(char *id)
{
	ssize_t n = read_small(BOOT_ID, id, MAX_BOOT_ID);

	if (n <= 0)
		return false;
	id[strcspn(id, "\n")] = '\0';
	return *id;
}

/* "NUMBER NUMBER ..."; false unless there are as many as asked for. */
static bool numbers(char *value, uint64_t **into, size_t n)
{
	char *word;
	size_t i = 0;

	while ((word = strsep(&value, " ")))
		if (i == n || !parse_number(word, 10, into[i++]))
			return false;
	return i == n;
}

static bool take_line(struct acknowledged *ack, const char *name, char *value)
{
	uint64_t *conflicts[] = { &ack->conflicts_date, &ack->conflicts, &ack->refused };
	uint64_t *leaks[] = { &ack->leaks_date, &ack->leaks, &ack->last_leak };
	uint64_t *seen[2];

	if (!strcmp(name, "conflicts"))
		return ack->conflicts_done = numbers(value, conflicts, 3);
	if (!strcmp(name, "leaks"))
		return ack->leaks_done = numbers(value, leaks, 3);
	if (strcmp(name, "seen") || ack->nr_seen == HISTORY_SEEN)
		return false;
	seen[0] = &ack->seen[ack->nr_seen].id;
	seen[1] = &ack->seen[ack->nr_seen++].count;
	return numbers(value, seen, 2);
}

/* Return: whether the file is whole; of another boot it says nothing. */
static bool parse_state(struct acknowledged *ack, char *text)
{
	char id[MAX_BOOT_ID], *line, *value;
	bool ours = false;

	line = strsep(&text, "\n");
	if (strcmp(line, "version: 1"))
		return false;
	while ((line = strsep(&text, "\n"))) {
		if (!strcmp(line, "end: 1"))
			return true;
		value = strstr(line, ": ");
		if (!value)
			return false;
		*value = '\0';
		value += 2;
		if (!strcmp(line, "boot")) {
			ours = boot_id(id) && !strcmp(value, id);
			if (!ours)
				return true;
		} else if (!ours || !take_line(ack, line, value)) {
			return false;
		}
	}
	return false;
}

static int load(struct acknowledged *ack, bool *whole)
{
	char *text = xcalloc(1, MAX_STATE);
	ssize_t n = read_small(HISTORY_STATE, text, MAX_STATE);

	memset(ack, 0, sizeof(*ack));
	*whole = n < 0 || parse_state(ack, text);
	if (!*whole)
		memset(ack, 0, sizeof(*ack));
	free(text);
	if (n >= 0 || n == -ENOENT || n == -ENOTDIR)
		return 0;
	/* Who may not read the file may not read the kernel's files, either. */
	if (n == -EACCES)
		return fail(RC_UNSUPPORTED, "only root may read %s; run this as root",
			    HISTORY_STATE);
	return fail(RC_INTERNAL, "cannot read %s: %s; remove it", HISTORY_STATE, strerror(-n));
}

/**
 * acknowledged_load() - read what was acknowledged on this boot
 * @ack: the result; nothing was, if there is no file, or it is of another boot
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int acknowledged_load(struct acknowledged *ack)
{
	bool whole;
	int rc = load(ack, &whole);

	/* A malformed file is what --clear replaces. */
	if (!rc && !whole && !opts.clear)
		rc = fail(RC_INTERNAL, "%s is malformed; write it anew with '" NEW_STATE "'",
			  HISTORY_STATE);
	return rc;
}

static int make_directory(void)
{
	char *dir = xstrdup(HISTORY_STATE);
	int rc = 0;

	*strrchr(dir, '/') = '\0';
	if (mkdir(dir, 0700) && errno != EEXIST)
		rc = fail(errno == EACCES || errno == EROFS ? RC_UNSUPPORTED : RC_INTERNAL,
			  "cannot make %s: %s", dir, strerror(errno));
	free(dir);
	return rc;
}

static int store(const struct acknowledged *ack)
{
	char id[MAX_BOOT_ID], *text;
	FILE *file;
	size_t len, i;
	int rc = make_directory();

	if (rc)
		return rc;
	if (!boot_id(id))
		return fail(RC_UNSUPPORTED, BOOT_ID " cannot be read; mount /proc");
	file = open_memstream(&text, &len);
	if (!file)
		die_nomem();
	fprintf(file, "version: 1\nboot: %s\n", id);
	if (ack->conflicts_done)
		fprintf(file, "conflicts: %llu %llu %llu\n",
			(unsigned long long)ack->conflicts_date, (unsigned long long)ack->conflicts,
			(unsigned long long)ack->refused);
	if (ack->leaks_done)
		fprintf(file, "leaks: %llu %llu %llu\n", (unsigned long long)ack->leaks_date,
			(unsigned long long)ack->leaks, (unsigned long long)ack->last_leak);
	for (i = 0; i < ack->nr_seen; i++)
		fprintf(file, "seen: %llu %llu\n", (unsigned long long)ack->seen[i].id,
			(unsigned long long)ack->seen[i].count);
	fputs("end: 1\n", file);
	/* Memory is all that it can lack. */
	if (fclose(file))
		die_nomem();
	rc = replace_file(HISTORY_STATE, text, len, false);
	free(text);
	return rc;
}

/**
 * history_may_clear() - check that all there is can be acknowledged
 * @nr_filters: how many filters were given
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int history_may_clear(int nr_filters)
{
	if (*opts.root)
		return fail(RC_USAGE, "a snapshot cannot be acknowledged; leave out --root");
	if (nr_filters || opts.since)
		return fail(
			RC_USAGE,
			"all of them are acknowledged at once; leave out the filter and --since");
	return 0;
}

/**
 * acknowledge_conflicts() - note that what the kernel counts so far was seen
 * @m: the model, with conflicts and sysfs
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int acknowledge_conflicts(const struct model *m)
{
	struct acknowledged *ack = xcalloc(1, sizeof(*ack));
	bool whole;
	size_t i;
	int rc;

	rc = load(ack, &whole);
	ack->conflicts_done = true;
	ack->conflicts_date = time(NULL);
	ack->conflicts = m->total;
	ack->refused = m->counters[COUNTER_refused];
	ack->nr_seen = 0;
	for (i = 0; i < m->nr_conflicts && i < HISTORY_SEEN; i++) {
		ack->seen[i].id = m->conflicts[i].id;
		ack->seen[i].count = m->conflicts[i].count;
		ack->nr_seen++;
	}
	if (!rc)
		rc = store(ack);
	free(ack);
	return rc;
}

/**
 * acknowledge_leaks() - note that the leaks that the kernel counts so far were seen
 * @m: the model, with leaks
 *
 * Return: 0, or an exit code after an error line was printed.
 */
int acknowledge_leaks(const struct model *m)
{
	struct acknowledged *ack = xcalloc(1, sizeof(*ack));
	bool whole;
	size_t i;
	int rc;

	rc = load(ack, &whole);
	ack->leaks_done = true;
	ack->leaks_date = time(NULL);
	ack->leaks = m->leaks_total;
	ack->last_leak = 0;
	for (i = 0; i < m->nr_leaks; i++)
		if (m->leaks[i].id > ack->last_leak)
			ack->last_leak = m->leaks[i].id;
	if (!rc)
		rc = store(ack);
	free(ack);
	return rc;
}
