// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the command line, and the way out. */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columns.h"
#include "history.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"
#include "util.h"

struct options opts = { .root = "" };

#define NR_OPTIONS 32

/* Derive getopt's tables from ours. */
static void getopt_tables(char *letters, struct option *longs)
{
	const struct opt *opt;

	/* A colon in front: a missing argument is told from an unknown option. */
	*letters++ = ':';
	for (opt = option_table; opt->name; opt++, longs++) {
		*longs = (struct option){ opt->name, opt->arg ? required_argument : no_argument,
					  NULL, opt->val };
		*letters++ = opt->val;
		if (opt->arg)
			*letters++ = ':';
	}
	*letters = '\0';
	memset(longs, 0, sizeof(*longs));
}

struct request {
	bool help, version;
	bool unknown; /* the wrong option is one that does not exist */
	/* Letters of the options given that not every command takes. */
	char special[NR_OPTIONS];
	const char *bad; /* what is wrong with the options, or NULL */
	const char *bad_word;
};

static void take_option(struct request *rq, int c)
{
	switch (c) {
	case 'p':
		opts.pretty = true;
		opts.json = true; /* a layout of JSON is a wish for JSON */
		return;
	case 'j':
		opts.json = true;
		return;
	case 'R':
		opts.root = optarg;
		if (!*optarg)
			rq->bad = "empty directory for";
		rq->bad_word = "--root";
		return;
	case 's':
		opts.source = optarg;
		return;
	case 'q':
		opts.quiet = true;
		return;
	case 'h':
		rq->help = true;
		return;
	case 'V':
		rq->version = true;
		return;
	case 'o':
		opts.columns = optarg;
		opts.output = optarg;
		break;
	case 'k':
		opts.kind = optarg;
		break;
	case 'O':
		opts.all_columns = true;
		break;
	case 'x':
		opts.sort = optarg;
		break;
	case 'S':
		opts.since = optarg;
		break;
	case 'C':
		opts.clear = true;
		break;
	case 'b':
		opts.bytes = true;
		break;
	case 'n':
		opts.noheadings = true;
		break;
	case 'r':
		opts.raw = true;
		break;
	case 'e':
		opts.event = optarg;
		break;
	case 'P':
		opts.pid = optarg;
		break;
	case 'a':
		opts.range = optarg;
		break;
	case 'c':
		opts.count = optarg;
		break;
	case 't':
		opts.seconds = optarg;
		break;
	}
	if (!strchr(rq->special, c))
		rq->special[strlen(rq->special)] = c;
}

/*
 * Errors wait until all options are seen: a --json that comes later decides how
 * they are printed.
 */
static void parse_options(int argc, char **argv, struct request *rq)
{
	struct option longs[NR_OPTIONS];
	char letters[2 * NR_OPTIONS + 2];
	static char letter[3] = "-";
	int c, at;

	getopt_tables(letters, longs);
	opterr = 0;
	for (;;) {
		at = optind;
		c = getopt_long(argc, argv, letters, longs, NULL);
		if (c == -1)
			return;
		if (c != '?' && c != ':') {
			take_option(rq, c);
			continue;
		}
		if (rq->bad)
			continue;
		rq->unknown = c == '?';
		rq->bad = c == ':' ? "no value after" : "unknown option";
		/* getopt tells letters by optopt; for words it has moved on. */
		letter[1] = optopt;
		rq->bad_word = optind > at && !strncmp(argv[optind - 1], "--", 2) ? argv[optind - 1]
										  : letter;
	}
}

static const struct cmd *suggest_for; /* NULL if the command is not known */

/* No word is near an empty one: options of other commands are not suggested. */
static const char *option_word(size_t i)
{
	const struct opt *opt = &option_table[i];

	return !opt->name || option_fits(opt, suggest_for) ? opt->name : "";
}

/* The option that an unknown one most likely meant: a near word, or the letter's other case. */
static const char *suggest_option(const char *bad, const char *command)
{
	const struct opt *opt;
	const char *near;
	char *word;
	size_t i;

	suggest_for = NULL;
	for (i = 0; command && commands[i].name; i++)
		if (!strcmp(commands[i].name, command))
			suggest_for = &commands[i];
	if (bad[1] == '-') {
		word = xstrdup(bad + 2);
		word[strcspn(word, "=")] = '\0';
		near = nearest(word, option_word);
		free(word);
		return near;
	}
	for (opt = option_table; opt->name; opt++)
		if (opt->val == (bad[1] ^ 0x20) && option_fits(opt, suggest_for))
			return opt->name;
	return NULL;
}

static const char *view_word(size_t i)
{
	return view_names[i];
}

static int check_source(const char *source, bool watch)
{
	const char *near;
	size_t i;

	if (watch)
		return watch_known(source);
	for (i = 0; view_names[i]; i++)
		if (!strcmp(view_names[i], source))
			return 0;
	near = nearest(source, view_word);
	return fail(RC_USAGE, "unknown source '%s'%s%s%s; it is kernel or proc", source,
		    near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static int check_request(const struct request *rq, const struct cmd *cmd, int nargs, char **args)
{
	const struct opt *opt;
	bool fits[128] = { 0 };
	const char *c;
	int rc = 0;

	/* A letter may stand twice in the table, for other commands. */
	for (opt = option_table; opt->name; opt++)
		if (strchr(rq->special, opt->val))
			fits[(unsigned char)opt->val] |= option_fits(opt, cmd);
	for (c = rq->special; *c; c++) {
		if (fits[(unsigned char)*c])
			continue;
		for (opt = option_table; opt->val != *c; opt++)
			;
		return fail(RC_USAGE, "option --%s is not for '%s'; see 'pfntrack %s --help'",
			    opt->name, cmd->name, cmd->name);
	}
	if (nargs < cmd->nargs_min)
		return fail(RC_USAGE, "'%s' needs %s; see 'pfntrack %s --help'", cmd->name,
			    cmd->args, cmd->name);
	if (nargs > cmd->nargs_max)
		return fail(RC_USAGE, "'%s' takes no '%s'; see 'pfntrack %s --help'", cmd->name,
			    args[cmd->nargs_max], cmd->name);
	if (*opts.root && !source_enter_root())
		return fail(RC_USAGE,
			    "--root %s is no directory; give one that holds sys/ and proc/",
			    opts.root);
	if (*opts.root && snapshot_unfinished())
		return fail(RC_INTERNAL,
			    "the snapshot %s was interrupted; remove it and take it again",
			    opts.root);
	if (opts.source)
		rc = check_source(opts.source, cmd->watch);
	if (!rc)
		rc = history_parse();
	if (!rc && *opts.root)
		rc = snapshot_check();
	return !rc && cmd->columns ? columns_select(cmd->columns) : rc;
}

static int run(int argc, char **argv)
{
	struct request rq = { 0 };
	const char *meant = NULL;
	const struct cmd *cmd;
	int rc;

	parse_options(argc, argv, &rq);
	/* Help is asked for to be read. */
	if (rq.help || rq.version)
		opts.quiet = false;
	/* What would have been printed has no reader; only its exit code counts. */
	if (opts.quiet)
		discard_stdout();
	if (rq.unknown)
		meant = suggest_option(rq.bad_word, argv[optind]);
	if (meant)
		return fail(RC_USAGE, "%s %s; did you mean --%s?", rq.bad, rq.bad_word, meant);
	if (rq.bad)
		return fail(RC_USAGE, "%s %s; see 'pfntrack --help'", rq.bad, rq.bad_word);
	argc -= optind;
	argv += optind;

	if (rq.version)
		return cmd_version(0, NULL);
	if (rq.help && !argc)
		return cmd_help(0, NULL);
	if (!argc)
		return fail(RC_USAGE, "no command; 'pfntrack help' lists them");
	cmd = find_command(argv[0]);
	if (!cmd)
		return RC_USAGE;
	if (rq.help)
		return cmd_help(1, argv);
	rc = check_request(&rq, cmd, argc - 1, argv + 1);
	return rc ? rc : cmd->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16];

	/* Ours, since stdio without memory would write each piece at once. */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	/* Beyond the limit of a file's size a write fails, and half a file is removed. */
	signal(SIGXFSZ, SIG_IGN);
	return close_stdout(run(argc, argv));
}
