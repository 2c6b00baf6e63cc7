// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfnhold: hold mappings, and do to them what processes do.
 *
 *   pfnhold FILE OFFSET LENGTH [shared|private]
 *
 * Maps, says one line, then takes commands from standard input, one a line,
 * and says one line for each. It holds until "exit", the end of its input or
 * a signal. Every line ends with the pid of the process that says it.
 *
 *   map FILE OFFSET LENGTH [shared|private]   one more; it is then the current
 *   region N                  make another the current one
 *   munmap OFFSET LENGTH      a part of the current one: head, middle or tail
 *   move                      mremap() the current one to another address
 *   resize LENGTH             mremap() it where it is: shrink or grow
 *   mprotect OFFSET LENGTH r|rw|none          splits it, or merges it again
 *   madvise OFFSET LENGTH [pageout]           MADV_DONTNEED, or MADV_PAGEOUT
 *   read OFFSET | write OFFSET VALUE          a 32-bit word
 *   clock                     ask the vDSO for the time: the first time, a fault
 *                             inserts the page frame of its data
 *   fork                      a child that holds the same, and obeys "child"
 *   child COMMAND...          the youngest child does it
 *   exit [STATUS]
 *
 * Answers: "mapped va=0x... len=0x... region=N", "refused errno=EBUSY(16)",
 * "ok ...", "forked child=PID", "child gone status=N", "bad ...".
 * The exit status is 3 if the first mapping was refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_REGIONS 256

struct region {
	char *va;
	size_t length;
};

static struct region regions[MAX_REGIONS];
static int nr_regions, current;
static pid_t child;
static FILE *to_child;
/* A child says "done" through this when it has obeyed. */
static int from_child = -1, to_parent = -1;

#define say(format, ...) printf(format " pid=%d\n", ##__VA_ARGS__, (int)getpid())

static const char *errno_name(int number)
{
	switch (number) {
	case EBUSY:
		return "EBUSY";
	case EINVAL:
		return "EINVAL";
	case ENOMEM:
		return "ENOMEM";
	case EACCES:
		return "EACCES";
	case EPERM:
		return "EPERM";
	case EAGAIN:
		return "EAGAIN";
	case EFAULT:
		return "EFAULT";
	case ENODEV:
		return "ENODEV";
	case ENXIO:
		return "ENXIO";
	case ENOENT:
		return "ENOENT";
	case EOPNOTSUPP:
		return "EOPNOTSUPP";
	}
	return "errno";
}

static bool refused(void)
{
	int number = errno;

	say("refused errno=%s(%d)", errno_name(number), number);
	return false;
}

static bool number(const char *text, uint64_t *value)
{
	char *end;

	if (!text)
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

/*
 * A free place that lies within one page table, if it fits into one: fork() and
 * mremap() go table by table, and so do records.  NULL if there is no such place.
 */
static void *free_place(size_t length)
{
	const uintptr_t table = 2 << 20;
	void *va = NULL;
	int tries;

	for (tries = 0; length < table && tries < 4; tries++) {
		/* Where it does not lie well it stays, so that the next one lies elsewhere. */
		va = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (va == MAP_FAILED)
			return NULL;
		if ((uintptr_t)va / table == ((uintptr_t)va + length - 1) / table) {
			munmap(va, length);
			return va;
		}
	}
	return NULL;
}

static bool map(const char *file, uint64_t offset, uint64_t length, bool private)
{
	void *va;
	int fd;

	if (nr_regions == MAX_REGIONS) {
		say("bad too many regions");
		return false;
	}
	fd = open(file, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return refused();
	va = mmap(free_place(length), length, PROT_READ | PROT_WRITE,
		  private ? MAP_PRIVATE : MAP_SHARED, fd, offset);
	if (va == MAP_FAILED) {
		int saved = errno;

		close(fd);
		errno = saved;
		return refused();
	}
	close(fd);
	current = nr_regions++;
	regions[current] = (struct region){ va, length };
	say("mapped va=%p len=0x%" PRIx64 " region=%d", va, length, current);
	return true;
}

/* Somewhere else, so that the page tables have to be moved. */
static void move(struct region *region)
{
	void *va, *hole;

	hole = mmap(free_place(region->length), region->length, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (hole == MAP_FAILED) {
		refused();
		return;
	}
	va = mremap(region->va, region->length, region->length, MREMAP_MAYMOVE | MREMAP_FIXED,
		    hole);
	if (va == MAP_FAILED) {
		refused();
		munmap(hole, region->length);
		return;
	}
	region->va = va;
	say("ok moved va=%p", va);
}

static void resize(struct region *region, size_t length)
{
	void *va = mremap(region->va, region->length, length, 0);

	if (va == MAP_FAILED) {
		refused();
		return;
	}
	region->length = length;
	say("ok resized va=%p len=0x%zx", va, length);
}

static void obey(char *line);

/* The rest of a child's life: commands from its parent. */
static void serve(int fd)
{
	FILE *orders = fdopen(fd, "r");
	char line[512];

	while (orders && fgets(line, sizeof(line), orders)) {
		obey(line);
		if (write(to_parent, "", 1) != 1)
			break;
	}
	exit(0);
}

static void do_fork(void)
{
	int orders[2], answers[2];
	pid_t pid;

	if (pipe2(orders, O_CLOEXEC) || pipe2(answers, O_CLOEXEC)) {
		refused();
		return;
	}
	pid = fork();
	if (pid < 0) {
		refused();
		return;
	}
	if (!pid) {
		/* Not to outlive the parent, however that one dies. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(orders[1]);
		close(answers[0]);
		to_parent = answers[1];
		child = 0;
		serve(orders[0]);
	}
	close(orders[0]);
	close(answers[1]);
	child = pid;
	to_child = fdopen(orders[1], "w");
	setlinebuf(to_child);
	from_child = answers[0];
	say("forked child=%d", (int)pid);
}

static void pass_to_child(const char *command)
{
	int status;
	char done;

	if (!child || !command) {
		say("bad no child");
		return;
	}
	fprintf(to_child, "%s\n", command);
	if (read(from_child, &done, 1) == 1)
		return;
	waitpid(child, &status, 0);
	say("child gone status=%d",
	    WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
	fclose(to_child);
	close(from_child);
	child = 0;
}

static void result(int failed, const char *word)
{
	if (failed)
		refused();
	else
		say("ok %s", word);
}

static void obey(char *line)
{
	struct region *region = &regions[current];
	char *rest, *word[5] = { NULL };
	uint64_t a = 0, b = 0;
	bool one, two;

	line[strcspn(line, "\n")] = 0;
	word[0] = strtok_r(line, " ", &rest);
	if (!word[0])
		return;
	if (!strcmp(word[0], "child")) {
		pass_to_child(rest);
		return;
	}
	for (int i = 1; i < 5 && word[i - 1]; i++)
		word[i] = strtok_r(NULL, " ", &rest);
	one = number(word[1], &a);
	two = one && number(word[2], &b);

	if (!strcmp(word[0], "map") && number(word[2], &a) && number(word[3], &b)) {
		map(word[1], a, b, word[4] && !strcmp(word[4], "private"));
	} else if (!strcmp(word[0], "exit")) {
		exit(a);
	} else if (!strcmp(word[0], "region") && one && a < (uint64_t)nr_regions) {
		current = a;
		say("ok region=%d va=%p", current, regions[current].va);
	} else if (!nr_regions) {
		say("bad nothing is mapped");
	} else if (!strcmp(word[0], "munmap") && two) {
		result(munmap(region->va + a, b), "unmapped");
	} else if (!strcmp(word[0], "move")) {
		move(region);
	} else if (!strcmp(word[0], "resize") && one) {
		resize(region, a);
	} else if (!strcmp(word[0], "mprotect") && two && word[3]) {
		int prot = !strcmp(word[3], "rw")  ? PROT_READ | PROT_WRITE
			   : !strcmp(word[3], "r") ? PROT_READ
						   : PROT_NONE;

		result(mprotect(region->va + a, b, prot), "protected");
	} else if (!strcmp(word[0], "madvise") && two) {
		int advice = word[3] && !strcmp(word[3], "pageout") ? MADV_PAGEOUT : MADV_DONTNEED;

		result(madvise(region->va + a, b, advice), "advised");
	} else if (!strcmp(word[0], "read") && one) {
		say("ok value=0x%" PRIx32, *(volatile uint32_t *)(region->va + a));
	} else if (!strcmp(word[0], "write") && two) {
		*(volatile uint32_t *)(region->va + a) = b;
		say("ok written");
	} else if (!strcmp(word[0], "clock")) {
		struct timespec now;

		result(clock_gettime(CLOCK_REALTIME, &now), "clock");
	} else if (!strcmp(word[0], "fork")) {
		do_fork();
	} else {
		say("bad command %s", word[0]);
	}
}

int main(int argc, char **argv)
{
	uint64_t offset, length;
	char line[512];

	setlinebuf(stdout);
	if (argc < 4 || argc > 5 || !number(argv[2], &offset) || !number(argv[3], &length)) {
		fprintf(stderr, "usage: pfnhold FILE OFFSET LENGTH [shared|private]\n");
		return 2;
	}
	if (!map(argv[1], offset, length, argc == 5 && !strcmp(argv[4], "private")))
		return 3;
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	if (child) {
		/* Its mappings, too, are gone when this process is. */
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return 0;
}
