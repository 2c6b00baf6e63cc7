// SPDX-License-Identifier: GPL-2.0-only
/*
 * areas: many areas over one boundary, and what others pay for them.
 *
 *   areas take FILE OFFSET COUNT
 *	Opens the file, gives up all power, maps COUNT areas of the two pages on both
 *	sides of OFFSET, touches them and says "took COUNT most N usual N": the
 *	instructions of an mmap() with its faults, of the slowest, which others may
 *	have interrupted, and of all but one in a thousand. Holds them until its
 *	input ends.
 *
 *   areas probe HELD ASKED OFFSET ROUNDS
 *	Maps the page at OFFSET of HELD, then that of ASKED and unmaps it, ROUNDS
 *	times. Says "most N usual N": instructions of a round after a few to warm up, of
 *	the slowest, which others may have interrupted, and of nine in ten.
 *
 *   areas ram MIB
 *	Touches that much memory, page by page, says "touched PAGES" and holds it
 *	until its input ends.
 *
 * Under QEMU's -icount, with a counter of 1 GHz, a tick is an instruction.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOBODY  65534
#define WARM_UP 4

static size_t page;

static uint64_t ticks(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	uint64_t value;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
#endif
}

static void fail(const char *what)
{
	fprintf(stderr, "areas: ");
	perror(what);
	exit(1);
}

static int open_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		fail(name);
	return fd;
}

static char *map(char *where, int fd, off_t offset, size_t pages)
{
	char *va = mmap(where, pages * page, PROT_READ | PROT_WRITE,
			MAP_SHARED | (where ? MAP_FIXED : 0), fd, offset);

	if (va == MAP_FAILED)
		fail("mmap");
	return va;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void touch(const volatile char *va)
{
	(void)*va;
}

static int take(const char *name, off_t offset, unsigned long count)
{
	int fd = open_file(name);
	uint64_t *took = calloc(count, sizeof(*took)), began;
	unsigned long i;
	char *arena, *va;

	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY))
		fail("give up power");
	arena = mmap(NULL, count * 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		     -1, 0);
	if (arena == MAP_FAILED || !took)
		fail("mmap");
	/* Its pages are there: they are no part of what is measured. */
	memset(took, 1, count * sizeof(*took));
	for (i = 0; i < count; i++) {
		began = ticks();
		va = map(arena + i * 2 * page, fd, offset - (off_t)page, 2);
		touch(va);
		touch(va + page);
		took[i] = ticks() - began;
	}
	qsort(took, count, sizeof(*took), by_size);
	printf("took %lu most %llu usual %llu\n", count, (unsigned long long)took[count - 1],
	       (unsigned long long)took[count - 1 - count / 1000]);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

static int probe(const char *held, const char *asked, off_t offset, unsigned long rounds)
{
	int fd = open_file(asked);
	uint64_t *took = calloc(rounds, sizeof(*took)), began;
	unsigned long i;
	char *va;

	if (!took || !rounds)
		fail("no rounds");
	touch(map(NULL, open_file(held), offset, 1));
	for (i = 0; i < rounds + WARM_UP; i++) {
		began = ticks();
		va = map(NULL, fd, offset, 1);
		touch(va);
		if (munmap(va, page))
			fail("munmap");
		began = ticks() - began;
		if (i >= WARM_UP)
			took[i - WARM_UP] = began;
	}
	qsort(took, rounds, sizeof(*took), by_size);
	printf("most %llu usual %llu\n", (unsigned long long)took[rounds - 1],
	       (unsigned long long)took[rounds - 1 - rounds / 10]);
	return 0;
}

static int ram(size_t mib)
{
	size_t size = mib << 20, at;
	char *va = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (va == MAP_FAILED)
		fail("mmap");
	for (at = 0; at < size; at += page)
		((volatile char *)va)[at] = 1;
	printf("touched %zu\n", size / page);
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}

int main(int argc, char **argv)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
	if (argc == 5 && !strcmp(argv[1], "take"))
		return take(argv[2], strtoll(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
	if (argc == 6 && !strcmp(argv[1], "probe"))
		return probe(argv[2], argv[3], strtoll(argv[4], NULL, 0),
			     strtoul(argv[5], NULL, 0));
	if (argc == 3 && !strcmp(argv[1], "ram"))
		return ram(strtoul(argv[2], NULL, 0));
	fprintf(stderr, "usage: areas take FILE OFFSET COUNT | probe HELD ASKED OFFSET ROUNDS | "
			"ram MIB\n");
	return 2;
}
