// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench: what the operations cost that enter the registry's hooks.
 *
 *   bench RESOURCE COUNTS [CASE]
 *
 * RESOURCE is a BAR's file in sysfs; /dev/pfn_bench is the module's in
 * tests/bench/module, and cases that need it are left out without. Under QEMU's
 * -icount, with a counter of 1 GHz, a tick is an instruction. Prints "NAME
 * INSTRUCTIONS" for each case, or the one.
 *
 * Every round must take the same way, or the median only says which way was
 * taken more often. So the addresses are fixed, a page nearby keeps the page
 * tables, and a batch of rounds begins when all that was deferred is done. What
 * differs between its rounds, a slab is empty every so often, is shared by them.
 * The median of the batches leaves out those that were interrupted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../bench/module/pfn_bench.h"

#define MIB          (1UL << 20)
#define PAGE         4096UL
#define PAGES        (MIB / PAGE)
#define BATCH        16
#define WARM_UP      4
#define MAX_COUNTS   1024

/* A page table spans 2 MiB. That at OWN_TABLE comes and goes with its only mapping. */
#define SHARED_TABLE ((char *)0x700000000000UL)
#define OWN_TABLE    (SHARED_TABLE + 32 * MIB)

static int resource, module;

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
	perror(what);
	exit(1);
}

/* Without -icount, or with a slower counter, the figures are of something else. */
static void check_ticks(void)
{
	const uint64_t want = 20000;
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t left = want / 2, began = ticks();

#if defined(__x86_64__)
		__asm__ volatile("1: dec %0; jnz 1b" : "+r"(left)::"cc");
#else
		__asm__ volatile("1: subs %0, %0, #1; b.ne 1b" : "+r"(left)::"cc");
#endif
		began = ticks() - began;
		if (began < best)
			best = began;
	}
	if (best < want || best > want + want / 100) {
		fprintf(stderr, "bench: %llu ticks for %llu instructions\n",
			(unsigned long long)best, (unsigned long long)want);
		exit(1);
	}
}

static void *map(char *where, size_t size, int flags, int file)
{
	void *va = mmap(where, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED_NOREPLACE, file, 0);

	if (va == MAP_FAILED)
		fail("mmap");
	return va;
}

/*
 * Neighbours of what is mapped at @where. That above keeps the page table, if it
 * is the same; both keep the free range, so that the tree of areas is not split
 * and joined each time. Read-only: an anonymous mapping does not merge with them.
 */
static void fence(char *where, size_t size)
{
	char *sides[] = { where - PAGE, where + size };

	for (int i = 0; i < 2; i++)
		if (mprotect(map(sides[i], PAGE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1),
			     PAGE, PROT_READ))
			fail("mprotect");
}

static uint64_t map_unmap(char *where, size_t size, int flags, int file)
{
	uint64_t began = ticks();

	munmap(map(where, size, flags, file), size);
	return ticks() - began;
}

/* remap_pfn_range() of 1 MiB in one call, and its munmap(). */
static uint64_t remap_mib(void)
{
	return map_unmap(SHARED_TABLE, MIB, MAP_SHARED, resource);
}

static uint64_t remap_mib_table(void)
{
	return map_unmap(OWN_TABLE, MIB, MAP_SHARED, resource);
}

static uint64_t remap_page(void)
{
	return map_unmap(SHARED_TABLE, PAGE, MAP_SHARED, resource);
}

static uint64_t ioremap_bytes(uint64_t value)
{
	if (ioctl(module, PFN_BENCH_IOREMAP, &value))
		fail("ioremap");
	return value;
}

static uint64_t ioremap_page(void)
{
	return ioremap_bytes(PAGE);
}

static uint64_t ioremap_mib(void)
{
	return ioremap_bytes(MIB);
}

/* Touch each page once, @stride pages apart; @stride is odd. */
static void touch(const char *va, size_t stride)
{
	for (size_t i = 0; i < PAGES; i++)
		*(const volatile char *)(va + i * stride % PAGES * PAGE);
}

static uint64_t faults(size_t stride)
{
	char *va = map(SHARED_TABLE, MIB, MAP_SHARED, module);
	uint64_t began = ticks();

	touch(va, stride);
	began = ticks() - began;
	munmap(va, MIB);
	return began / PAGES;
}

static uint64_t faults_in_order(void)
{
	return faults(1);
}

static uint64_t faults_scattered(void)
{
	return faults(101);
}

static uint64_t unmap_faulted(size_t stride)
{
	char *va = map(SHARED_TABLE, MIB, MAP_SHARED, module);
	uint64_t began;

	touch(va, stride);
	began = ticks();
	munmap(va, MIB);
	return ticks() - began;
}

static uint64_t unmap_in_order(void)
{
	return unmap_faulted(1);
}

static uint64_t unmap_scattered(void)
{
	return unmap_faulted(101);
}

/* Nothing of ours: shows what the hook in the unmap path costs everybody. */
static uint64_t anonymous_mib(void)
{
	return map_unmap(SHARED_TABLE, MIB, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1);
}

static uint64_t fork_exit(void)
{
	uint64_t began = ticks();
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	return ticks() - began;
}

static const struct {
	const char *name;
	uint64_t (*run)(void);
	bool module; /* needs it */
} cases[] = {
	{ "ioremap_page", ioremap_page, true },
	{ "ioremap_1mib", ioremap_mib, true },
	{ "remap_pfn_range_page", remap_page, false },
	{ "remap_pfn_range_1mib", remap_mib, false },
	{ "remap_pfn_range_1mib_table", remap_mib_table, false },
	{ "vmf_insert_pfn_in_order", faults_in_order, true },
	{ "vmf_insert_pfn_scattered", faults_scattered, true },
	{ "munmap_256_in_order", unmap_in_order, true },
	{ "munmap_256_scattered", unmap_scattered, true },
	{ "anonymous_1mib", anonymous_mib, false },
	{ "fork_exit", fork_exit, false },
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t batch(uint64_t (*run)(void))
{
	uint64_t sum = 0;

	/* No time at all under -icount; RCU frees what the last batch left to it. */
	usleep(50000);
	for (int i = 0; i < BATCH; i++)
		sum += run();
	return (sum + BATCH / 2) / BATCH;
}

int main(int argc, char **argv)
{
	static uint64_t took[MAX_COUNTS];
	int counts = argc == 3 || argc == 4 ? atoi(argv[2]) : 0;

	if (counts < 1 || counts > MAX_COUNTS) {
		fprintf(stderr, "usage: bench RESOURCE COUNTS [CASE]\n");
		return 2;
	}
	resource = open(argv[1], O_RDWR | O_SYNC);
	if (resource < 0)
		fail(argv[1]);
	/* A kernel that takes no module of ours does what it can. */
	module = open("/dev/pfn_bench", O_RDWR);
	if (module < 0 && errno != ENOENT)
		fail("/dev/pfn_bench");
	check_ticks();

	fence(SHARED_TABLE, MIB);
	fence(OWN_TABLE, 2 * MIB);
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		if ((cases[c].module && module < 0) ||
		    (argc == 4 && strcmp(argv[3], cases[c].name)))
			continue;
		/* The first rounds fill the caches of the allocators. */
		for (int i = -WARM_UP; i < counts; i++) {
			uint64_t mean = batch(cases[c].run);

			if (i >= 0)
				took[i] = mean;
		}
		qsort(took, counts, sizeof(took[0]), by_value);
		printf("%s %llu\n", cases[c].name, (unsigned long long)took[counts / 2]);
	}
	return 0;
}
