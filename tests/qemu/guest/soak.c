// SPDX-License-Identifier: GPL-2.0-only
/*
 * soak: do everything that processes do to mappings, at random, all at once.
 *
 *   soak SEED FILE,PAGES[,FLAGS]...
 *
 * FLAGS: "p" lets one process map it also private, "w" has the driver move it when
 * it is written to.
 *
 * Four processes of two threads each work on an arena of their own: they map
 * pieces of the files into it, touch, split, move and unmap them, and fork
 * children that do the same and are killed, one at a time or many at once. Behind
 * the arena lies a larger one for pieces of many page tables, which mremap() moves
 * as a whole where they are aligned. Blocks of 64 pages are mapped twice, first all
 * but the last page of each, then that. At a line of input everybody stops and
 * holds what there is; soak says one line with what was done, and ends when its
 * input does. A guest has no clock that could be trusted to tell the time for that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
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

#define PROCESSES   4
#define THREADS     2
#define MAX_FILES   8
#define ARENA_PAGES 2048UL
#define MOST_PAGES  96
#define CHILD_STEPS 60

/* Behind the arena; a page table maps 512 pages. */
#define LARGE_PAGES 16384UL
#define TABLE_PAGES 512UL
#define MOST_TABLES 8

/* What the registry counts as one. */
#define BLOCK_PAGES 64UL

/* Children of a storm, and what each of them does. */
#define STORM       12
#define STORM_STEPS 4

enum op {
	MAP,
	UNMAP,
	TOUCH,
	MOVE,
	RESIZE,
	PROTECT,
	ADVISE,
	DRIVER,
	FORK,
	KILL,
	STORM_OP,
	LARGE,
	LARGE_MOVE,
	LARGE_UNMAP,
	DOUBLE,
	OPS
};

static const char *const op_names[OPS] = {
	[MAP] = "map",
	[UNMAP] = "unmap",
	[TOUCH] = "touch",
	[MOVE] = "move",
	[RESIZE] = "resize",
	[PROTECT] = "protect",
	[ADVISE] = "advise",
	[DRIVER] = "driver",
	[FORK] = "fork",
	[KILL] = "kill",
	[STORM_OP] = "storm",
	[LARGE] = "large",
	[LARGE_MOVE] = "large.move",
	[LARGE_UNMAP] = "large.unmap",
	[DOUBLE] = "double",
};

/* How often, in 256. What is left is touching. */
static const unsigned char op_shares[OPS] = {
	[MAP] = 54,       [UNMAP] = 28,      [MOVE] = 24,  [RESIZE] = 16,  [PROTECT] = 24,
	[ADVISE] = 8,     [DRIVER] = 8,      [FORK] = 4,   [STORM_OP] = 1, [LARGE] = 6,
	[LARGE_MOVE] = 8, [LARGE_UNMAP] = 4, [DOUBLE] = 8,
};

struct file {
	int fd;
	unsigned long pages;
	bool private, moves;
};

struct shared {
	atomic_bool stop;
	atomic_uint idle;
	atomic_ulong done[OPS], failed[OPS], faults;
};

static struct file files[MAX_FILES];
static unsigned int nr_files;
static struct shared *shared;
/* In one process only: with a private copy of such a page x86 cannot fork. */
static bool private;
static char *arena;
static long page;

static _Thread_local uint64_t state;
static _Thread_local sigjmp_buf escape;

static uint32_t draw(uint32_t below)
{
	/* xorshift64*, Vigna 2016: any generator with a seed would do. */
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 2685821657736338717ULL >> 32) % below;
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
	char *va = info->si_addr;

	(void)context;
	/* Anywhere else it is a bug, of ours or of the kernel's. */
	if (va < arena || va >= arena + (ARENA_PAGES + LARGE_PAGES) * page) {
		dprintf(STDERR_FILENO, "soak: signal %d at %p, arena %p\n", signo, (void *)va,
			(void *)arena);
		_exit(66);
	}
	atomic_fetch_add(&shared->faults, 1);
	siglongjmp(escape, 1);
}

/* A stretch of the arena. */
struct piece {
	char *va;
	size_t length;
};

static struct piece any_piece(void)
{
	unsigned long pages = 1 + draw(draw(4) ? 8 : MOST_PAGES);
	unsigned long first = draw((uint32_t)(ARENA_PAGES - pages));

	return (struct piece){ arena + first * page, pages * page };
}

static bool map(void)
{
	const struct file *file = &files[draw(nr_files)];
	struct piece piece = any_piece();
	unsigned long pages = piece.length / page;
	unsigned long first = pages < file->pages ? draw((uint32_t)(file->pages - pages)) : 0;
	int flags = private && file->private && draw(2) ? MAP_PRIVATE : MAP_SHARED;

	return mmap(piece.va, piece.length, PROT_READ | PROT_WRITE, flags | MAP_FIXED, file->fd,
		    (off_t)first * page) != MAP_FAILED;
}

static bool touch(void)
{
	struct piece piece = any_piece();
	volatile char *va = piece.va;
	size_t at;

	if (sigsetjmp(escape, 1))
		return false;
	for (at = 0; at < piece.length; at += page) {
		if (draw(2))
			va[at] = (char)at;
		else
			(void)va[at];
	}
	return true;
}

static bool move(void)
{
	struct piece from = any_piece(), to = any_piece();
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	if (!draw(4))
		flags |= MREMAP_DONTUNMAP;
	if (to.length < from.length)
		from.length = to.length;
	return mremap(from.va, from.length, from.length, flags, to.va) != MAP_FAILED;
}

static bool resize(void)
{
	struct piece piece = any_piece();
	size_t length = (1 + draw(16)) * (size_t)page;

	return mremap(piece.va, piece.length, length, 0) != MAP_FAILED;
}

static bool protect(void)
{
	static const int prots[] = { PROT_READ, PROT_READ | PROT_WRITE, PROT_NONE };
	struct piece piece = any_piece();

	return !mprotect(piece.va, piece.length, prots[draw(3)]);
}

static bool advise(void)
{
	struct piece piece = any_piece();

	return !madvise(piece.va, piece.length, MADV_DONTNEED);
}

static bool driver(void)
{
	const struct file *file = &files[draw(nr_files)];

	return file->moves && write(file->fd, "", 1) == 1;
}

/*
 * A stretch of the larger arena. Where it is aligned to page tables, and so is the
 * place that it moves to, mremap() moves the tables and not their entries.
 */
static struct piece any_large(void)
{
	unsigned long pages = (1 + draw(MOST_TABLES)) * TABLE_PAGES;
	unsigned long first = draw((uint32_t)(LARGE_PAGES - pages));
	uintptr_t base = (uintptr_t)(arena + ARENA_PAGES * page);
	size_t table = TABLE_PAGES * page;

	if (draw(2)) {
		first = first / TABLE_PAGES * TABLE_PAGES;
		base = (base + table - 1) / table * table;
		if (base + (first + pages) * page >
		    (uintptr_t)arena + (ARENA_PAGES + LARGE_PAGES) * page)
			first -= TABLE_PAGES;
	} else if (draw(2)) {
		pages -= 1 + draw(TABLE_PAGES - 1);
	}
	return (struct piece){ (char *)base + first * page, pages * page };
}

static bool large(void)
{
	const struct file *file = &files[draw(nr_files)];
	struct piece piece = any_large();
	volatile char *va = piece.va;
	unsigned int i;

	if (file->pages < TABLE_PAGES)
		return false;
	if (piece.length > file->pages * page)
		piece.length = file->pages * page;
	if (mmap(piece.va, piece.length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file->fd,
		 0) == MAP_FAILED)
		return false;
	/* What faults insert is touched here and there, in each page table. */
	if (sigsetjmp(escape, 1))
		return false;
	for (i = 0; i < 64; i++)
		(void)va[draw((uint32_t)(piece.length / page)) * page];
	return true;
}

static bool large_move(void)
{
	struct piece from = any_large(), to = any_large();

	if (to.length < from.length)
		from.length = to.length;
	return mremap(from.va, from.length, from.length, MREMAP_MAYMOVE | MREMAP_FIXED, to.va) !=
	       MAP_FAILED;
}

static bool large_unmap(void)
{
	struct piece piece = any_large();

	return !munmap(piece.va, piece.length);
}

/* Another thread may unmap them meanwhile. */
static void read_pages(const volatile char *va, unsigned long pages)
{
	unsigned long at;

	if (sigsetjmp(escape, 1))
		return;
	for (at = 0; at < pages; at++)
		(void)va[at * page];
}

/* Several blocks, each mapped twice but for its last page; then the last pages. */
static bool double_blocks(void)
{
	const struct file *file = &files[draw(nr_files)];
	unsigned long blocks = file->pages / BLOCK_PAGES, block, at, i;
	char *va[2 * 4];

	if (!blocks)
		return false;
	for (i = 0; i < 2 * 4; i++) {
		block = (i / 2) % blocks * BLOCK_PAGES;
		at = draw((uint32_t)(ARENA_PAGES - BLOCK_PAGES));
		va[i] = mmap(arena + at * page, (BLOCK_PAGES - 1) * page, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, file->fd, (off_t)block * page);
		if (va[i] == MAP_FAILED)
			return false;
		if (file->moves)
			read_pages(va[i], BLOCK_PAGES - 1);
	}
	for (i = 0; i < 2 * 4; i++) {
		block = (i / 2) % blocks * BLOCK_PAGES + BLOCK_PAGES - 1;
		if (mmap(va[i] + (BLOCK_PAGES - 1) * page, page, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED, file->fd, (off_t)block * page) == MAP_FAILED)
			return false;
		if (file->moves)
			read_pages(va[i] + (BLOCK_PAGES - 1) * page, 1);
	}
	return true;
}

static enum op any_op(void)
{
	unsigned int at = draw(256), op;

	for (op = 0; op < OPS; op++) {
		if (at < op_shares[op])
			return op;
		at -= op_shares[op];
	}
	return TOUCH;
}

static void step(bool may_fork);

/* The child goes on as its parent did, and goes by itself or is killed. */
static bool fork_one(void)
{
	bool killed = draw(2);
	unsigned int i;
	pid_t child = fork();

	if (child < 0)
		return false;
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		state ^= (uint64_t)getpid() << 32;
		for (i = 0; i < CHILD_STEPS || killed; i++)
			step(false);
		_exit(0);
	}
	if (killed) {
		usleep(1000 + draw(20000));
		kill(child, SIGKILL);
		atomic_fetch_add(&shared->done[KILL], 1);
	}
	return waitpid(child, NULL, 0) == child;
}

/* Many at once, so that address spaces are copied and torn down beside each other. */
static bool storm(void)
{
	pid_t children[STORM];
	unsigned int i, k;
	bool done = true;

	for (i = 0; i < STORM; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		state ^= (uint64_t)getpid() << 32;
		for (k = 0; k < STORM_STEPS; k++)
			step(false);
		_exit(0);
	}
	for (i = 0; i < STORM; i++) {
		if (children[i] > 0 && i % 3 == 0)
			kill(children[i], SIGKILL);
		done &= children[i] > 0 && waitpid(children[i], NULL, 0) == children[i];
	}
	return done;
}

static void step(bool may_fork)
{
	static bool (*const ops[OPS])(void) = {
		[MAP] = map,
		[TOUCH] = touch,
		[MOVE] = move,
		[RESIZE] = resize,
		[PROTECT] = protect,
		[ADVISE] = advise,
		[DRIVER] = driver,
		[LARGE] = large,
		[LARGE_MOVE] = large_move,
		[LARGE_UNMAP] = large_unmap,
		[DOUBLE] = double_blocks,
	};
	enum op op = any_op();
	bool done;

	if (op == FORK) {
		done = may_fork && fork_one();
	} else if (op == STORM_OP) {
		done = may_fork && storm();
	} else if (op == UNMAP) {
		struct piece piece = any_piece();

		done = !munmap(piece.va, piece.length);
	} else {
		done = ops[op]();
	}
	atomic_fetch_add(done ? &shared->done[op] : &shared->failed[op], 1);
}

static void *work(void *seed)
{
	state = (uint64_t)(uintptr_t)seed * 0x9e3779b97f4a7c15ULL + 1;
	while (!atomic_load(&shared->stop))
		step(true);
	atomic_fetch_add(&shared->idle, 1);
	for (;;)
		pause();
	return NULL;
}

static void be_process(unsigned long seed)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
	pthread_t thread;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	arena = mmap(NULL, (ARENA_PAGES + LARGE_PAGES) * page, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
		_exit(1);
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, work, (void *)(seed * THREADS + i)))
			_exit(1);
	work((void *)(seed * THREADS));
}

static bool parse_file(char *text)
{
	struct file *file = &files[nr_files++];
	char *pages = strchr(text, ','), *flags;

	if (!pages || nr_files > MAX_FILES)
		return false;
	*pages++ = '\0';
	file->pages = strtoul(pages, &flags, 0);
	file->private = strchr(flags, 'p');
	file->moves = strchr(flags, 'w');
	file->fd = open(text, O_RDWR | O_CLOEXEC);
	if (file->fd < 0)
		fprintf(stderr, "soak: %s: %s\n", text, strerror(errno));
	return file->fd >= 0 && file->pages;
}

static void say_what_was_done(void)
{
	unsigned int op;

	printf("soaked");
	for (op = 0; op < OPS; op++)
		printf(" %s=%lu %s.failed=%lu", op_names[op], atomic_load(&shared->done[op]),
		       op_names[op], atomic_load(&shared->failed[op]));
	printf(" faults=%lu\n", atomic_load(&shared->faults));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pid_t pids[PROCESSES];
	unsigned int i;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: soak SEED FILE,PAGES[,FLAGS]...\n");
		return 2;
	}
	for (i = 2; i < (unsigned int)argc; i++)
		if (!parse_file(argv[i]))
			return 2;
	page = sysconf(_SC_PAGESIZE);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return 1;

	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return 1;
		if (!pids[i]) {
			private = !i;
			be_process(strtoul(argv[1], NULL, 0) * PROCESSES + i);
		}
	}
	while (getchar() != '\n' && !feof(stdin))
		;
	atomic_store(&shared->stop, true);
	while (atomic_load(&shared->idle) < PROCESSES * THREADS) {
		/* One that died can hold nothing, and would be waited for in vain. */
		if (waitpid(-1, &status, WNOHANG) > 0) {
			fprintf(stderr, "soak: a process died, status %#x\n", status);
			return 1;
		}
		usleep(10000);
	}
	say_what_was_done();
	while (getchar() != EOF)
		;
	for (i = 0; i < PROCESSES; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}
