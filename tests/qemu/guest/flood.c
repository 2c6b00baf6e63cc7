// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood: make and undo mappings, as fast as it goes.
 *
 *   flood FILE PAIRS PROCESSES
 *
 * Each process maps the first page of the file and unmaps it, PAIRS times. When
 * all have ended it says how long they took: "made N seconds S.SSS".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int work(const char *file, long pairs)
{
	int fd = open(file, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return 1;
	while (pairs--) {
		void *va = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (va == MAP_FAILED || munmap(va, 4096))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	long pairs, processes, i;
	double began = now();
	int status, bad = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: flood FILE PAIRS PROCESSES\n");
		return 2;
	}
	pairs = atol(argv[2]);
	processes = atol(argv[3]);
	for (i = 0; i < processes; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(work(argv[1], pairs));
		if (pid < 0) {
			perror("flood: fork");
			return 1;
		}
	}
	while (wait(&status) > 0)
		bad |= status;
	if (bad) {
		fprintf(stderr, "flood: %s cannot be mapped\n", argv[1]);
		return 1;
	}
	printf("made %ld seconds %.3f\n", 2 * pairs * processes, now() - began);
	return 0;
}
