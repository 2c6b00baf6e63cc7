// SPDX-License-Identifier: GPL-2.0-only
/*
 * blocks: hold many blocks of 64 pages twice, then let them grow and be cut.
 *
 *   blocks FILE BLOCKS
 *
 * Maps all but the last page of each of the first BLOCKS blocks of the file, twice,
 * then each last page, so that a block is held by one slot instead of 63; then it
 * unmaps a page in the middle of every second block, and ends. Each step says one
 * line, so that a guest that hangs has said how far it came.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 64UL
#define TWICE 2

static char *arena[TWICE];
static size_t page;
static int fd;

static void map(unsigned int copy, unsigned long first, unsigned long pages)
{
	if (mmap(arena[copy] + first * page, pages * page, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		 (off_t)(first * page)) == MAP_FAILED) {
		perror("blocks: mmap");
		exit(1);
	}
}

static void say(const char *what, unsigned long blocks)
{
	printf("%s %lu\n", what, blocks);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long blocks, i;
	unsigned int copy;

	if (argc != 3) {
		fprintf(stderr, "usage: blocks FILE BLOCKS\n");
		return 2;
	}
	blocks = strtoul(argv[2], NULL, 0);
	page = (size_t)sysconf(_SC_PAGESIZE);
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	for (copy = 0; copy < TWICE; copy++) {
		arena[copy] = mmap(NULL, blocks * PAGES * page, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (arena[copy] == MAP_FAILED) {
			perror("blocks: mmap");
			return 1;
		}
		for (i = 0; i < blocks; i++)
			map(copy, i * PAGES, PAGES - 1);
	}
	say("held", blocks);
	for (i = 0; i < blocks; i++)
		for (copy = 0; copy < TWICE; copy++)
			map(copy, i * PAGES + PAGES - 1, 1);
	say("grown", blocks);
	for (i = 0; i < blocks; i += 2)
		for (copy = 0; copy < TWICE; copy++)
			if (munmap(arena[copy] + (i * PAGES + 31) * page, page)) {
				perror("blocks: munmap");
				return 1;
			}
	say("cut", blocks / 2);
	return 0;
}
