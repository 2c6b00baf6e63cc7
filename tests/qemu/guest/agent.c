// SPDX-License-Identifier: GPL-2.0-only
/*
 * agent: the first process of a guest of the lab.
 *
 * Mounts what programs expect, loads the modules that /lib/modules/boot names,
 * if it exists, for they drive the port, then takes orders from the virtio port
 * "pfn_track.lab", one line each, and answers there, one line each. Whatever
 * a program reads or writes travels in base64, so that no output can be
 * mistaken for an answer. The console is left to the kernel alone.
 *
 *   host                    guest
 *                           hello RELEASE
 *   run ID BASE64           pid ID PID      "sh -c TEXT" in its own group, or
 *                                           TEXT's words where there is no sh;
 *                           out ID BASE64   standard output, as it comes
 *                           err ID BASE64   standard error
 *                           rc ID STATUS    ended, all output was sent;
 *                                           128 + N if signal N ended it
 *   in ID BASE64                            to its standard input
 *   eof ID                                  close its standard input
 *   kill ID SIGNAL                          to its whole process group; after
 *                                           SIGKILL it ends when all of them have
 *   settle                  settled ok      every program was killed, and is gone
 *   bye                     final ok        everything was stopped; then reset
 *
 * An order that cannot be carried out is answered "bad REASON".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_JOBS  64
#define CHUNK     3072 /* a multiple of 3: whole base64 groups */
#define MAX_ORDER (4 << 20)

struct job {
	bool used;
	bool ended; /* reaped; others of its group may be there if it was killed */
	bool killed;
	int status;
	unsigned long id;
	pid_t pid;
	int in; /* -1 when closed, like the two below */
	int out;
	int err;
};

static struct job jobs[MAX_JOBS];
static int port = -1;
static int child_pipe[2];

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* There is no one to tell but the console; the kernel then panics. */
static void die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void say(const char *format, ...)
{
	static char line[CHUNK * 2];
	size_t done = 0, length;
	va_list args;

	va_start(args, format);
	length = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	while (done < length) {
		ssize_t wrote = write(port, line + done, length - done);

		if (wrote < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = port, .events = POLLOUT };

			poll(&wait, 1, 1000);
			continue;
		}
		if (wrote < 0 && errno != EINTR)
			die("port");
		if (wrote > 0)
			done += wrote;
	}
}

static void say_data(const char *word, unsigned long id, const unsigned char *data, size_t length)
{
	static char text[CHUNK / 3 * 4 + 1];
	size_t i, o = 0;

	for (i = 0; i < length; i += 3) {
		unsigned int n = data[i] << 16;

		if (i + 1 < length)
			n |= data[i + 1] << 8;
		if (i + 2 < length)
			n |= data[i + 2];
		text[o++] = digits[n >> 18];
		text[o++] = digits[n >> 12 & 63];
		text[o++] = i + 1 < length ? digits[n >> 6 & 63] : '=';
		text[o++] = i + 2 < length ? digits[n & 63] : '=';
	}
	text[o] = 0;
	say("%s %lu %s\n", word, id, text);
}

/* Decode in place; the number of bytes, or -1. */
static ssize_t decode(char *text)
{
	unsigned int bits = 0, have = 0;
	size_t o = 0;
	char *c;

	for (c = text; *c && *c != '='; c++) {
		const char *digit = strchr(digits, *c);

		if (!digit)
			return -1;
		bits = bits << 6 | (digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			text[o++] = bits >> have & 255;
		}
	}
	text[o] = 0;
	return o;
}

static struct job *find_job(unsigned long id)
{
	for (struct job *job = jobs; job < jobs + MAX_JOBS; job++)
		if (job->used && job->id == id)
			return job;
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Without a shell there are no quotes, only words. "exec" is what a shell wants. */
static void run_words(char *text)
{
	char *words[64], *rest, *word = strtok_r(text, " ", &rest);
	int count = 0;

	if (word && !strcmp(word, "exec"))
		word = strtok_r(NULL, " ", &rest);
	for (; word && count < 63; word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	words[count] = NULL;
	if (count)
		execvp(words[0], words);
}

static void start_job(unsigned long id, char *text)
{
	int in[2], out[2], err[2];
	struct job *job;
	pid_t pid;

	for (job = jobs; job < jobs + MAX_JOBS && job->used; job++)
		;
	if (job == jobs + MAX_JOBS || find_job(id)) {
		say("bad too many jobs, or a number twice\n");
		return;
	}
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		signal(SIGPIPE, SIG_DFL);
		setpgid(0, 0);
		dup2(in[0], 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		execl("/bin/sh", "sh", "-c", text, NULL);
		run_words(text);
		_exit(127);
	}
	/* In both, or a "kill" that comes at once finds no such group. */
	setpgid(pid, pid);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	*job = (struct job){
		.used = true, .id = id, .pid = pid, .in = in[1], .out = out[0], .err = err[0]
	};
	say("pid %lu %d\n", id, (int)pid);
}

/* Pass on what a program wrote. */
static void pass_on(struct job *job, int *fd, const char *word)
{
	unsigned char data[CHUNK];
	ssize_t length = read(*fd, data, sizeof(data));

	if (length > 0)
		say_data(word, job->id, data, length);
	else if (length == 0 || errno != EINTR)
		close_fd(fd);
}

/*
 * A program has ended when it was reaped and its output was read. A grandchild
 * may hold the pipes open for ever, so take what is there and do not wait.
 */
static void end_job(struct job *job)
{
	struct pollfd fds[2] = { { .fd = job->out, .events = POLLIN },
				 { .fd = job->err, .events = POLLIN } };

	while (poll(fds, 2, 0) > 0) {
		if (fds[0].revents)
			pass_on(job, &job->out, "out");
		if (fds[1].revents)
			pass_on(job, &job->err, "err");
		fds[0].fd = job->out;
		fds[1].fd = job->err;
		if (job->out < 0 && job->err < 0)
			break;
	}
	close_fd(&job->in);
	close_fd(&job->out);
	close_fd(&job->err);
	job->used = false;
	say("rc %lu %d\n", job->id,
	    WIFSIGNALED(job->status) ? 128 + WTERMSIG(job->status) : WEXITSTATUS(job->status));
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (struct job *job = jobs; job < jobs + MAX_JOBS; job++)
			if (job->used && job->pid == pid) {
				job->status = status;
				job->ended = true;
			}
	/* Children whose parent was killed come to the first process of the guest. */
	for (struct job *job = jobs; job < jobs + MAX_JOBS; job++)
		if (job->used && job->ended && (!job->killed || kill(-job->pid, 0)))
			end_job(job);
}

/* What a test starts must not hold a device, or a mapping, in the next one. */
static void settle(void)
{
	siginfo_t info;

	kill(-1, SIGKILL);
	/* Leaves the status to reap(). */
	while (!waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) || errno == EINTR)
		reap();
	say("settled ok\n");
}

/* Stop everything, say so, and reset the machine: -no-reboot ends QEMU. */
static void bye(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	say("final ok\n");
	sync();
	reboot(RB_AUTOBOOT);
	die("reboot");
}

static void obey(char *line)
{
	char *rest, *word = strtok_r(line, " ", &rest);
	char *number = word ? strtok_r(NULL, " ", &rest) : NULL;
	unsigned long id = number ? strtoul(number, NULL, 10) : 0;
	struct job *job = find_job(id);
	ssize_t length;

	if (word && !strcmp(word, "bye")) {
		bye();
	} else if (word && !strcmp(word, "settle")) {
		settle();
	} else if (!word || !number) {
		say("bad order\n");
	} else if (!strcmp(word, "run")) {
		if (decode(rest) < 0)
			say("bad base64\n");
		else
			start_job(id, rest);
	} else if (!job) {
		/* It ended while the order was under way: its "rc" says so. */
		return;
	} else if (!strcmp(word, "in")) {
		length = decode(rest);
		if (length < 0 || write(job->in, rest, length) != length)
			say("bad input for %lu\n", id);
	} else if (!strcmp(word, "eof")) {
		close_fd(&job->in);
	} else if (!strcmp(word, "kill")) {
		job->killed |= atoi(rest) == SIGKILL;
		kill(-job->pid, atoi(rest));
	} else {
		say("bad order %s\n", word);
	}
}

/* Cut what came in into lines. */
static void take_orders(void)
{
	static char buffer[MAX_ORDER];
	static size_t have;
	ssize_t length = read(port, buffer + have, sizeof(buffer) - have);
	char *end;

	if (length <= 0)
		return;
	have += length;
	while ((end = memchr(buffer, '\n', have))) {
		size_t used = end + 1 - buffer;

		*end = 0;
		obey(buffer);
		memmove(buffer, end + 1, have - used);
		have -= used;
	}
	if (have == sizeof(buffer)) {
		have = 0;
		say("bad order: too long\n");
	}
}

static void on_child(int signal)
{
	int saved = errno;

	(void)signal;
	if (write(child_pipe[1], "", 1) < 0) {
		/* full: it will be read soon enough */
	}
	errno = saved;
}

/* /dev/vportNpM of the port that QEMU named "pfn_track.lab" */
static int open_port(void)
{
	for (int try = 0; try < 100; try++) {
		DIR *class = opendir("/sys/class/virtio-ports");
		struct dirent *entry;

		while (class && (entry = readdir(class))) {
			char path[512], name[64] = "";
			FILE *file;

			snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name",
				 entry->d_name);
			file = fopen(path, "r");
			if (!file)
				continue;
			if (!fgets(name, sizeof(name), file))
				name[0] = 0;
			fclose(file);
			if (strcmp(name, "pfn_track.lab\n"))
				continue;
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			closedir(class);
			return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
		}
		if (class)
			closedir(class);
		usleep(20000);
	}
	errno = ENODEV;
	return -1;
}

static void mount_all(void)
{
	static const char *const table[][2] = {
		{ "proc", "/proc" },    { "sysfs", "/sys" },
		{ "devtmpfs", "/dev" }, { "debugfs", "/sys/kernel/debug" },
		{ "tmpfs", "/tmp" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mkdir(table[i][1], 0755);
		if (mount(table[i][0], table[i][1], table[i][0], 0, NULL) && errno != EBUSY)
			die(table[i][1]);
	}
	/* A slim kernel has no trace events. */
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	mkdir("/dev/shm", 0777);
	mount("tmpfs", "/dev/shm", "tmpfs", 0, NULL);
}

/* The kernels of distributions have the port's drivers as modules. */
static void load_modules(void)
{
	FILE *list = fopen("/lib/modules/boot", "r");
	char name[256], path[512];

	while (list && fscanf(list, "%255s", name) == 1) {
		int file;

		snprintf(path, sizeof(path), "/lib/modules/%s", name);
		file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0 || syscall(SYS_finit_module, file, "", 0))
			die(path);
		close(file);
	}
	if (list)
		fclose(list);
}

int main(void)
{
	struct utsname uts;

	mount_all();
	load_modules();
	setenv("PATH", "/bin:/sbin", 1);
	setenv("HOME", "/tmp", 1);
	if (pipe2(child_pipe, O_CLOEXEC | O_NONBLOCK))
		die("pipe");
	signal(SIGCHLD, on_child);
	signal(SIGPIPE, SIG_IGN);
	port = open_port();
	if (port < 0)
		die("port pfn_track.lab");
	uname(&uts);
	say("hello %s\n", uts.release);

	for (;;) {
		struct pollfd fds[2 + 2 * MAX_JOBS];
		int i;

		fds[0] = (struct pollfd){ .fd = port, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = child_pipe[0], .events = POLLIN };
		for (i = 0; i < MAX_JOBS; i++) {
			bool used = jobs[i].used;

			fds[2 + 2 * i] =
				(struct pollfd){ .fd = used ? jobs[i].out : -1, .events = POLLIN };
			fds[3 + 2 * i] =
				(struct pollfd){ .fd = used ? jobs[i].err : -1, .events = POLLIN };
		}
		if (poll(fds, 2 + 2 * MAX_JOBS, -1) < 0 && errno != EINTR)
			die("poll");
		for (i = 0; i < MAX_JOBS; i++) {
			if (jobs[i].used && fds[2 + 2 * i].fd >= 0 && fds[2 + 2 * i].revents)
				pass_on(&jobs[i], &jobs[i].out, "out");
			if (jobs[i].used && fds[3 + 2 * i].fd >= 0 && fds[3 + 2 * i].revents)
				pass_on(&jobs[i], &jobs[i].err, "err");
		}
		if (fds[1].revents) {
			char drain[64];

			while (read(child_pipe[0], drain, sizeof(drain)) > 0)
				;
			reap();
		}
		if (fds[0].revents & POLLIN)
			take_orders();
		else if (fds[0].revents)
			usleep(20000); /* the host is away: POLLHUP does not rest */
	}
}
