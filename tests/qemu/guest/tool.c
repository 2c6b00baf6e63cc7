// SPDX-License-Identifier: GPL-2.0-only
/*
 * tool: what a test needs in a guest that has no shell.
 *
 *   tool cat FILE               tool put FILE TEXT   (one write, no newline)
 *   tool insmod FILE [NAME=VALUE ...]                tool rmmod NAME
 *
 * Exit status: 0, or 1 and the errno's name on standard error.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(const char *what)
{
	fprintf(stderr, "tool: %s: %s\n", what, strerrorname_np(errno));
	return 1;
}

static int cat(const char *path)
{
	int fd = open(path, O_RDONLY);
	char data[4096];
	ssize_t length;

	if (fd < 0)
		return failed(path);
	while ((length = read(fd, data, sizeof(data))) > 0)
		if (write(1, data, length) != length)
			return failed("stdout");
	return length ? failed(path) : 0;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return failed(path);
	return close(fd) ? failed(path) : 0;
}

static int load(char **words, int count)
{
	int fd = open(words[0], O_RDONLY);
	char params[1024] = "";

	if (fd < 0)
		return failed(words[0]);
	for (int i = 1; i < count; i++) {
		strncat(params, words[i], sizeof(params) - strlen(params) - 1);
		strncat(params, " ", sizeof(params) - strlen(params) - 1);
	}
	return syscall(SYS_finit_module, fd, params, 0) ? failed(words[0]) : 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 2 ? argv[1] : "";

	if (!strcmp(word, "cat") && argc == 3)
		return cat(argv[2]);
	if (!strcmp(word, "put") && argc == 4)
		return put(argv[2], argv[3]);
	if (!strcmp(word, "insmod"))
		return load(argv + 2, argc - 2);
	if (!strcmp(word, "rmmod") && argc == 3)
		return syscall(SYS_delete_module, argv[2], O_NONBLOCK) ? failed(argv[2]) : 0;
	fprintf(stderr, "usage: tool cat|put|insmod|rmmod ...\n");
	return 2;
}
