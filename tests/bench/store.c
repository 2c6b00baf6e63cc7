// SPDX-License-Identifier: GPL-2.0-only
/*
 * The registry beside the kernel's own memtype_interval.c: the same ranges, in
 * the same order, in one process, so that the ratios mean something on any
 * machine.  Both get their memory from the same allocator and their lock from
 * the same mutex; pfn_track's side goes through the front door and makes a
 * holder for every mapping, which memtype does not have.
 *
 * Prints a table and writes the same as JSON to the file named by argv[1].
 */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

#include "pfn_track_internal.h"
#include <linux/err.h>
#include <linux/pfn_track.h>

/* memtype_interval.c, compiled in place, wants these words of its neighbours. */
#define CONFIG_X86_PAT	1
#define CONFIG_DEBUG_FS	1
int pat_debug_enable;
#define pr_info(...)	((void)0)
#include MEMTYPE_INTERVAL_C

#define PAGES		4UL	/* of a range */
#define STRIDE		8UL	/* between the starts of two */
/* A return address, see unit_symbols. */
#define DRIVER		((void *)1)
#define LOOKUPS		(1UL << 20)
#define READS		(1UL << 24)	/* of a thread */

extern int (*unit_initcall_pft_files_init)(void);

struct result {
	const char *name;
	unsigned long n;
	double memtype_ns;
	double pfn_track_ns;
};

static struct result results[64];
static unsigned int nr_results;
static double threads_scaling[2];
static DEFINE_SPINLOCK(memtype_lock);

/* Trace events are off, as on a machine in use. */
void trace_pfn_map(const struct pft_record *rec)
{
}

void trace_pfn_unmap(const struct pft_record *rec)
{
}

void trace_pfn_conflict(const struct pft_conflict *conflict)
{
}

/* Here is no process that maps RAM, no PAT and no bus. */
const struct vm_operations_struct unit_shmem_ops;

bool pft_ram_is_mapped(unsigned long pfn, unsigned long last)
{
	return false;
}

bool pft_may_seek(unsigned long pfn, unsigned long last)
{
	return false;
}

bool pft_is_stale(const struct pft_record *rec)
{
	return false;
}

void pft_seek_processes(unsigned long pfn, unsigned long last)
{
}

void pft_seek_and_report(const struct pft_sought *sought)
{
}

bool pft_has_pages(unsigned long pfn, unsigned long last)
{
	return false;
}

bool pfn_attr_untracked(unsigned long pfn, unsigned long last)
{
	return false;
}

enum pfn_cause pfn_attr_cause(unsigned long pfn, unsigned long last,
			      enum pfn_attr want, bool looked_up)
{
	return PFN_CAUSE_PLATFORM;
}

struct device *pft_device_of(const struct pft_record *rec)
{
	return NULL;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void note(const char *name, unsigned long n, double memtype_ns,
		 double pfn_track_ns)
{
	results[nr_results++] = (struct result){ name, n, memtype_ns,
						 pfn_track_ns };
	printf("%-22s %8lu %12.0f %12.0f %8.2f\n", name, n, memtype_ns,
	       pfn_track_ns, pfn_track_ns / memtype_ns);
	fflush(stdout);
}

/* A repeatable shuffle of 0 ... n - 1. */
static unsigned long *shuffled(unsigned long n)
{
	unsigned long *order = malloc(n * sizeof(*order)), i;
	uint64_t seed = 88172645463325252ULL;

	for (i = 0; i < n; i++)
		order[i] = i;
	for (i = n - 1; i; i--) {
		unsigned long j, swap = order[i];

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		j = seed % (i + 1);
		order[i] = order[j];
		order[j] = swap;
	}
	return order;
}

/* === The two sides ====================================================== */

static void memtype_add(unsigned long pfn, unsigned long pages)
{
	struct memtype *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	entry->start = (u64)pfn << PAGE_SHIFT;
	entry->end = (u64)(pfn + pages) << PAGE_SHIFT;
	entry->type = _PAGE_CACHE_MODE_WC;
	spin_lock(&memtype_lock);
	if (memtype_check_insert(entry, NULL))
		abort();
	spin_unlock(&memtype_lock);
}

static void memtype_del(unsigned long pfn, unsigned long pages)
{
	struct memtype *entry;

	spin_lock(&memtype_lock);
	entry = memtype_erase((u64)pfn << PAGE_SHIFT,
			      (u64)(pfn + pages) << PAGE_SHIFT);
	spin_unlock(&memtype_lock);
	kfree(entry);
}

static unsigned int memtype_ask(unsigned long pfn)
{
	struct memtype *entry;
	unsigned int type;

	spin_lock(&memtype_lock);
	entry = memtype_lookup((u64)pfn << PAGE_SHIFT);
	type = entry ? entry->type : 0;
	spin_unlock(&memtype_lock);
	return type;
}

/* Kernel addresses in the order of mapping, as an allocator hands them out. */
static void *address(unsigned long index)
{
	return (void *)(0x100000000000UL + index * PAGES * PAGE_SIZE);
}

static void pfn_track_add(unsigned long index, unsigned long pfn,
			  unsigned long pages)
{
	const pgprot_t wc = { (unsigned long)_PAGE_CACHE_MODE_WC << 8 };

	if (__pfn_track_ioremap(address(index), pages << PAGE_SHIFT,
				(phys_addr_t)pfn << PAGE_SHIFT, wc, wc, DRIVER))
		abort();
}

/* === Cases ============================================================== */

static void lookups(const char *name, unsigned long n,
		    const unsigned long *pfns)
{
	double began, memtype_ns;
	unsigned long i;
	unsigned int sum = 0;

	began = now();
	for (i = 0; i < LOOKUPS; i++)
		sum += memtype_ask(pfns[i % n]);
	memtype_ns = (now() - began) / LOOKUPS;
	began = now();
	for (i = 0; i < LOOKUPS; i++)
		sum += pfn_track_lookup(pfns[i % n]);
	note(name, n, memtype_ns, (now() - began) / LOOKUPS);
	if (!sum)
		abort();
}

/* Insert @n ranges, look them up, remove them; times are for one each. */
static void ranges(const char *insert, const char *lookup, const char *remove,
		   unsigned long n, unsigned long *pfns, unsigned long pages)
{
	double began, memtype_ns;
	unsigned long i;

	began = now();
	for (i = 0; i < n; i++)
		memtype_add(pfns[i], pages);
	memtype_ns = (now() - began) / n;
	began = now();
	for (i = 0; i < n; i++)
		pfn_track_add(i, pfns[i], pages);
	note(insert, n, memtype_ns, (now() - began) / n);

	if (lookup)
		lookups(lookup, n, pfns);

	began = now();
	for (i = 0; i < n; i++)
		memtype_del(pfns[i], pages);
	memtype_ns = (now() - began) / n;
	began = now();
	for (i = 0; i < n; i++)
		__pfn_track_iounmap(address(i), pages << PAGE_SHIFT);
	note(remove, n, memtype_ns, (now() - began) / n);
}

static void disjoint(void)
{
	unsigned long n, i, *pfns;

	for (n = 1000; n <= 1000000; n *= 10) {
		pfns = shuffled(n);
		for (i = 0; i < n; i++)
			pfns[i] = pfns[i] * STRIDE + 1;
		ranges("disjoint insert", "disjoint lookup", "disjoint remove",
		       n, pfns, PAGES);
		free(pfns);
	}
}

/* Devices of six BARs side by side, the devices far apart. */
static void clustered(void)
{
	unsigned long n = 60000, i, *pfns = shuffled(n);

	for (i = 0; i < n; i++)
		pfns[i] = pfns[i] / 6 * 0x10000 + pfns[i] % 6 * PAGES + 1;
	ranges("clustered insert", "clustered lookup", "clustered remove", n,
	       pfns, PAGES);
	free(pfns);
}

/* The page pool of a graphics driver: single pages, anywhere. */
static void scattered(void)
{
	unsigned long n = 262144, i, *pfns = shuffled(n);

	for (i = 0; i < n; i++)
		pfns[i] = pfns[i] * 3;
	ranges("scattered insert", "scattered lookup", "scattered remove", n,
	       pfns, 1);
	free(pfns);
}

static void many_holders(void)
{
	static const unsigned long counts[] = { 1000, 4000, 16000 };
	unsigned long i, c, *pfns = calloc(16000, sizeof(*pfns));

	for (i = 0; i < 16000; i++)
		pfns[i] = 4096;
	for (c = 0; c < ARRAY_SIZE(counts); c++)
		ranges("holders insert", NULL, "holders remove", counts[c],
		       pfns, PAGES);
	free(pfns);
}

/* "What is held in this BAR of 16 GiB?"; memtype can only ask page by page. */
static void big_question(void)
{
	const unsigned long pages = (16UL << 30) >> PAGE_SHIFT;
	struct pfn_answer answer;
	unsigned long i;
	double began, memtype_ns;

	memtype_add(1UL << 24, pages);
	pfn_track_add(0, 1UL << 24, pages);
	began = now();
	for (i = 0; i < pages; i++)
		memtype_ask((1UL << 24) + i);
	memtype_ns = now() - began;
	began = now();
	for (i = 0; i < 1000; i++)
		pfn_track_query((phys_addr_t)(1UL << 24) << PAGE_SHIFT,
				pages << PAGE_SHIFT, PFN_KIND_IOREMAP,
				PFN_ATTR_WB, &answer);
	note("question 16 GiB", 1, memtype_ns, (now() - began) / 1000);
	memtype_del(1UL << 24, pages);
	__pfn_track_iounmap(address(0), pages << PAGE_SHIFT);
}

/*
 * All of it as text, as whoever reads the list in debugfs gets it; time a line.
 * memtype finds each line by counting from the first one, so that of a long
 * list a sample has to do.
 */
static void listing(void)
{
	static const unsigned long counts[] = { 10000, 100000 };
	struct memtype line;
	unsigned long c, i, n, step;
	double began, memtype_ns;

	for (c = 0; c < ARRAY_SIZE(counts); c++) {
		n = counts[c];
		for (i = 0; i < n; i++) {
			memtype_add(i * STRIDE + 1, PAGES);
			pfn_track_add(i, i * STRIDE + 1, PAGES);
		}
		step = n / 100;
		began = now();
		for (i = 0; i < n; i += step) {
			spin_lock(&memtype_lock);
			if (memtype_copy_nth_element(&line, i + 1))
				abort();
			spin_unlock(&memtype_lock);
		}
		memtype_ns = (now() - began) / 100;
		began = now();
		free(unit_debugfs_read("records", 4UL << 20, NULL));
		note("listing", n, memtype_ns, (now() - began) / n);
		for (i = 0; i < n; i++) {
			memtype_del(i * STRIDE + 1, PAGES);
			__pfn_track_iounmap(address(i), PAGES << PAGE_SHIFT);
		}
	}
}

/* === Two threads ======================================================== */

#define THREAD_RANGES	100000UL

static void *memtype_reader(void *unused)
{
	unsigned long i;

	for (i = 0; i < READS; i++)
		memtype_ask(i * 7919 % THREAD_RANGES * STRIDE + 2);
	return unused;
}

static void *pfn_track_reader(void *unused)
{
	unsigned long i;

	for (i = 0; i < READS; i++)
		pfn_track_lookup(i * 7919 % THREAD_RANGES * STRIDE + 2);
	return unused;
}

static double in_threads(void *(*reader)(void *), int threads)
{
	pthread_t thread[2];
	double began = now();
	int i;

	for (i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, reader, NULL);
	for (i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return READS * threads / (now() - began);
}

static void two_threads(void)
{
	unsigned long i;

	for (i = 0; i < THREAD_RANGES; i++) {
		memtype_add(i * STRIDE + 1, PAGES);
		pfn_track_add(i, i * STRIDE + 1, PAGES);
	}
	threads_scaling[0] = in_threads(memtype_reader, 2) /
			     in_threads(memtype_reader, 1);
	threads_scaling[1] = in_threads(pfn_track_reader, 2) /
			     in_threads(pfn_track_reader, 1);
	printf("two readers are worth %.2f (memtype), %.2f (pfn_track) of one\n",
	       threads_scaling[0], threads_scaling[1]);
	for (i = 0; i < THREAD_RANGES; i++) {
		memtype_del(i * STRIDE + 1, PAGES);
		__pfn_track_iounmap(address(i), PAGES << PAGE_SHIFT);
	}
}

/* === Output ============================================================= */

static int write_json(const char *path)
{
	FILE *file = fopen(path, "w");
	unsigned int i;

	if (!file) {
		perror(path);
		return 1;
	}
	fprintf(file, "{\n \"cases\": [\n");
	for (i = 0; i < nr_results; i++)
		fprintf(file,
			"  {\"name\": \"%s\", \"n\": %lu, \"memtype_ns\": %.1f, \"pfn_track_ns\": %.1f, \"ratio\": %.3f}%s\n",
			results[i].name, results[i].n, results[i].memtype_ns,
			results[i].pfn_track_ns,
			results[i].pfn_track_ns / results[i].memtype_ns,
			i + 1 < nr_results ? "," : "");
	fprintf(file, " ],\n \"bytes_per_record\": %zu,\n",
		sizeof(struct pft_record));
	fprintf(file,
		" \"threads_scaling\": {\"memtype\": %.3f, \"pfn_track\": %.3f}\n}\n",
		threads_scaling[0], threads_scaling[1]);
	return fclose(file) ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: store FILE.json\n");
		return 2;
	}
	pfn_track_init();
	unit_symbols[1] = "bench_probe+0x10/0x80 [bench]";
	if (unit_initcall_pft_files_init())
		abort();
	printf("%-22s %8s %12s %12s %8s   ns an operation\n", "case", "n",
	       "memtype", "pfn_track", "ratio");
	disjoint();
	clustered();
	scattered();
	many_holders();
	big_question();
	listing();
	two_threads();
	printf("a record is %zu bytes\n", sizeof(struct pft_record));
	return write_json(argv[1]);
}
