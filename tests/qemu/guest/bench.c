// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench: what system calls cost that enter the registry's hooks.
 *
 *   bench FILE ROUNDS
 *
 * Under QEMU's -icount the guest's clock counts instructions, so the median of
 * a few rounds is exact enough to compare two kernels by a fraction of a
 * percent. Prints "NAME NANOSECONDS" for each case.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB        (1UL << 20)
#define PAGE       4096UL
#define MAX_ROUNDS 1024

static int fd;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void *map(size_t size, int flags, int file)
{
	void *va = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, file, 0);

	if (va == MAP_FAILED)
		fail("mmap");
	return va;
}

/* remap_pfn_range() of 1 MiB in one call, and its munmap(). */
static void remap_mib(void)
{
	munmap(map(MIB, MAP_SHARED, fd), MIB);
}

static void remap_page(void)
{
	munmap(map(PAGE, MAP_SHARED, fd), PAGE);
}

/* Nothing of ours: shows what the hook in the unmap path costs everybody. */
static void anonymous_mib(void)
{
	munmap(map(MIB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1), MIB);
}

static void fork_exit(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "remap_pfn_range_1mib", remap_mib },
	{ "remap_pfn_range_page", remap_page },
	{ "anonymous_1mib", anonymous_mib },
	{ "fork_exit", fork_exit },
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static uint64_t took[MAX_ROUNDS];
	int rounds = argc == 3 ? atoi(argv[2]) : 0;

	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: bench FILE ROUNDS\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_SYNC);
	if (fd < 0)
		fail(argv[1]);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		for (int i = 0; i < rounds; i++) {
			uint64_t began = now();

			cases[c].run();
			took[i] = now() - began;
		}
		qsort(took, rounds, sizeof(took[0]), by_value);
		printf("%s %llu\n", cases[c].name, (unsigned long long)took[rounds / 2]);
	}
	return 0;
}
