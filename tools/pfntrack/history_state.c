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
#include <sys/file.h>
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
#define LOCK_TRIES  500 /* each 10 ms */

/* What others can write, they could make to say anything. */
static bool is_ours(const struct stat *st)
{
	return (!st->st_uid || st->st_uid == geteuid()) && !(st->st_mode & 022);
}

/*
 * Read a small regular file.  Return: its length, or -errno: -EMEDIUMTYPE if it is
 * none, -EPERM if @ours and others could have written it.
 */
static ssize_t read_small(const char *path, char *text, size_t size, bool ours)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = 0, used = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EMEDIUMTYPE;
	}
	if (ours && !is_ours(&st)) {
		close(fd);
		return -EPERM;
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
	ssize_t n = read_small(BOOT_ID, id, MAX_BOOT_ID, false);

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

static int not_ours(const char *path)
{
	return fail(
		RC_INTERNAL,
		"%s belongs to another user, or others may write it; check who did, then remove it",
		path);
}

/* Others could put any file into a directory of theirs. */
static int check_directory(void)
{
	struct stat st;

	if (!stat(HISTORY_DIR, &st) && !is_ours(&st))
		return not_ours(HISTORY_DIR);
	return 0;
}

static int load(struct acknowledged *ack, bool *whole)
{
	char *text = xcalloc(1, MAX_STATE);
	int rc = check_directory();
	ssize_t n = rc ? -ENOENT : read_small(HISTORY_STATE, text, MAX_STATE, true);

	memset(ack, 0, sizeof(*ack));
	*whole = n < 0 || parse_state(ack, text);
	if (!*whole)
		memset(ack, 0, sizeof(*ack));
	free(text);
	if (rc || n >= 0 || n == -ENOENT || n == -ENOTDIR)
		return rc;
	if (n == -EPERM)
		return not_ours(HISTORY_STATE);
	if (n == -EMEDIUMTYPE)
		return fail(RC_INTERNAL, "%s is not a regular file; remove it", HISTORY_STATE);
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

static int no_directory(int err)
{
	return fail(
		err == EACCES || err == EROFS ? RC_UNSUPPORTED : RC_INTERNAL,
		"cannot make %s: %s; it keeps what is acknowledged, so /var/lib must be there and writable",
		HISTORY_DIR, strerror(err));
}

/*
 * Two that acknowledge at once must not each replace what the other one wrote.
 * A directory that others may read can be locked by them, too: no wait for ever.
 */
static int lock_directory(int *fd)
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	int i, rc;

	if (mkdir(HISTORY_DIR, 0700) && errno != EEXIST)
		return no_directory(errno);
	rc = check_directory();
	if (rc)
		return rc;
	*fd = open(HISTORY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return no_directory(errno);
	for (i = 0; i < LOCK_TRIES; i++) {
		if (!flock(*fd, LOCK_EX | LOCK_NB))
			return 0;
		nanosleep(&pause, NULL);
	}
	close(*fd);
	*fd = -1;
	return fail(RC_INTERNAL, "another command holds %s locked; find it with 'lslocks'",
		    HISTORY_DIR);
}

static int store(const struct acknowledged *ack)
{
	char id[MAX_BOOT_ID], *text;
	FILE *file;
	size_t len, i;
	int rc;

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
 * acknowledge_conflicts() - take down what the kernel counts so far
 * @ack: gets the numbers
 * @m: the model as it was loaded, with conflicts and sysfs
 */
void acknowledge_conflicts(struct acknowledged *ack, const struct model *m)
{
	size_t i;

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
}

/**
 * acknowledge_leaks() - take down the leaks that the kernel counts so far
 * @ack: gets the numbers
 * @m: the model as it was loaded, with leaks
 */
void acknowledge_leaks(struct acknowledged *ack, const struct model *m)
{
	size_t i;

	ack->leaks_done = true;
	ack->leaks_date = time(NULL);
	ack->leaks = m->leaks_total;
	ack->last_leak = 0;
	for (i = 0; i < m->nr_leaks; i++)
		if (m->leaks[i].id > ack->last_leak)
			ack->last_leak = m->leaks[i].id;
}

/* What is not new stays. */
static void merge(struct acknowledged *ack, const struct acknowledged *new)
{
	const struct acknowledged old = *ack;

	if (new->conflicts_done) {
		*ack = *new;
		ack->leaks_done = old.leaks_done;
		ack->leaks_date = old.leaks_date;
		ack->leaks = old.leaks;
		ack->last_leak = old.last_leak;
	}
	if (new->leaks_done) {
		ack->leaks_done = true;
		ack->leaks_date = new->leaks_date;
		ack->leaks = new->leaks;
		ack->last_leak = new->last_leak;
	}
}

/**
 * acknowledge() - note what was seen, once it was shown
 * @new: conflicts or leaks, by acknowledge_conflicts() or acknowledge_leaks()
 *
 * What could not be printed was seen by no one, and is not acknowledged.
 *
 * Return: 0, or an exit code; the error line is printed, unless close_stdout() does.
 */
int acknowledge(const struct acknowledged *new)
{
	struct acknowledged *ack;
	bool whole;
	int fd = -1, rc;

	rc = flush_stdout();
	if (rc)
		return rc == EPIPE
			       ? fail(RC_INTERNAL,
				      "the output was not read to its end; nothing is acknowledged")
			       : RC_INTERNAL;
	rc = lock_directory(&fd);
	if (rc)
		return rc;
	ack = xcalloc(1, sizeof(*ack));
	rc = load(ack, &whole);
	if (!rc) {
		merge(ack, new);
		rc = store(ack);
	}
	free(ack);
	/* This ends the lock, too. */
	close(fd);
	return rc;
}
