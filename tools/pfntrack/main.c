// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the command table, the command line, and the way out. */

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "source_kernel.h"
#include "util.h"

struct options opts = { .root = "" };

const struct cmd commands[] = {
	{
		.name = "status",
		.args = "",
		.run = cmd_status,
		.summary = "does this machine have a problem? one screen, one answer",
		.details =
			"Shows the policy, what is watched, how many mappings are recorded by kind and\n"
			"attribute, and whether any disagreed.  The last line is the answer.  Without\n"
			"conflicts, but with tracking off, the answer is not known and the exit code 3.",
		.example = "pfntrack status || echo look into it",
	},
	{
		.name = "list",
		.args = "[KEY=VALUE ...]",
		.nargs_max = 32,
		.run = cmd_list,
		.columns = &list_columns,
		.summary = "every recorded mapping and its holder",
		.details =
			"Lists the live mappings by physical address.  An attribute WANT>GOT means that\n"
			"the holder asked for the one and got the other.  Keys: range (an address,\n"
			"FIRST-LAST or START+SIZE), attr, kind, driver, device, pid, comm; one key given\n"
			"twice means either, two keys mean both.",
		.example = "pfntrack list kind=ioremap range=3G-4G -o RANGE,GOT,SITE",
	},
	{
		.name = "conflicts",
		.args = "",
		.run = cmd_conflicts,
		.columns = &conflicts_columns,
		.summary = "mappings that disagreed, with both sides",
		.details =
			"Shows the last conflicts, oldest first: the newcomer, the holder, what it means\n"
			"and what to do.  With -o, --raw or --noheadings it is a table, a row each.\n"
			"A conflict stays listed after its mappings are gone.",
		.example = "pfntrack conflicts -o VERDICT,RANGE,COMM,HELD.COMM",
	},
	{
		.name = "aliases",
		.args = "",
		.run = cmd_aliases,
		.columns = &aliases_columns,
		.summary = "what is mapped more than once, and whether that harms",
		.details =
			"Shows the physical ranges that have more than one holder now, the worst first:\n"
			"the two mappings that get on worst, what it means and what to do.  Ranges whose\n"
			"holders agree are only counted.  With -o, --raw or --noheadings it is a table of\n"
			"all of them.  It judges the records of the source, also on a stock kernel.",
		.example = "pfntrack aliases -o VERDICT,OVERLAP,COMM,HELD.COMM",
	},
	{
		.name = "explain",
		.args = "ADDRESS|DEVICE|pid=PID",
		.nargs_min = 1,
		.nargs_max = 1,
		.run = cmd_explain,
		.summary = "all about an address, a PCI device or a process",
		.details =
			"Shows what lies at the address (/proc/iomem, PCI BAR, driver), who maps it, with\n"
			"which attribute, and every conflict that touched it; the same for the BARs of a\n"
			"DEVICE (as lspci writes it), or what a process maps.  ADDRESS is decimal or, with\n"
			"0x, hexadecimal; a suffix K, M, G or T multiplies by 1024 and so on.",
		.example = "pfntrack explain 0xfebc0000",
	},
	{
		.name = "audit",
		.args = "",
		.run = cmd_audit,
		.columns = &audit_columns,
		.summary = "do the live page tables say what the records say?",
		.details =
			"Has the kernel walk its own page tables and those of every process, and compare\n"
			"them with the records, in both directions.  This may take a while; Ctrl-C ends it.\n"
			"The first line is the answer.  With -o, --raw or --noheadings only the findings\n"
			"are shown, a row each.  While tracking is off the exit code is 3.",
		.example = "pfntrack audit || pfntrack audit -o FINDING,RANGE,COMM",
	},
	{
		.name = "leaks",
		.args = "",
		.run = cmd_leaks,
		.columns = &leaks_columns,
		.summary = "what drivers and modules left mapped when they went",
		.details =
			"Shows the last mappings and claims that were still there when their driver had\n"
			"been unbound, or its probe had failed, or their module was unloaded, oldest\n"
			"first.  With -o, --raw or --noheadings it is a table, a row each.",
		.example = "pfntrack leaks -o NAME,FROM,RANGE,SITE",
	},
	{
		.name = "watch",
		.args = "",
		.kind = true,
		.watch = true,
		.run = cmd_watch,
		.summary = "mappings, conflicts and leaks as they happen",
		.details =
			"Shows a line for each event until Ctrl-C, with --json an object a line.  What comes\n"
			"too fast is dropped, counted, and said.  A range is FROM-TO or one address.",
		.example = "pfntrack watch --event conflict,leak",
	},
	{
		.name = "features",
		.args = "",
		.run = cmd_features,
		.summary = "what this kernel offers, and which roads it watches",
		.details =
			"Shows which of pfn_track's files and events can be read and, if not, why; whether\n"
			"the kernel is locked down; which kinds of mappings it watches; and which roads to\n"
			"page frames it sees, off or uncovered ones among them, and why.  Where nothing is\n"
			"watched or readable it says so, too, and the exit code is 3.",
		.example = "pfntrack features --json",
	},
	{
		.name = "policy",
		.args = "[NEW]",
		.nargs_max = 1,
		.kind = true,
		.run = cmd_policy,
		.summary = "show or set what is done about conflicts",
		.details =
			"Shows the policy and that of each kind of mapping or, with NEW, sets it: off\n"
			"(nothing is recorded), report, enforce (refuse what loses data) or strict (refuse\n"
			"every disagreement).  With --kind only that kind's, which may be default, too.\n"
			"It lasts until the next boot; pfn_track=NEW on the kernel's command line stays.",
		.example = "pfntrack policy --kind ioremap enforce",
	},
	{
		.name = "snapshot",
		.args = "DIR",
		.nargs_min = 1,
		.nargs_max = 1,
		.run = cmd_snapshot,
		.summary = "capture this machine for a later --root DIR",
		.details =
			"Copies what this command reads into DIR, which must be new or empty: for root\n"
			"only, without kernel addresses.  It includes an audit.  A capture that fails is\n"
			"removed; one that was killed is marked, and --root refuses it.",
		.example = "pfntrack snapshot /tmp/before && pfntrack --root /tmp/before list",
	},
	{
		.name = "arch",
		.args = "[NAME]",
		.nargs_max = 1,
		.run = cmd_arch,
		.summary = "what attributes mean on an architecture, and which pairs harm",
		.details =
			"Lists the architectures or, of one of them, the page table bits, what becomes of\n"
			"an attribute that cannot be had, and what two attributes on one page mean, with\n"
			"the source of each fact.  The tables are built in: any machine shows all of them.",
		.example = "pfntrack arch arm64",
	},
	{
		.name = "map",
		.args = "",
		.file = true,
		.run = cmd_map,
		.summary = "physical memory as a picture: who maps what, and where it clashes",
		.details =
			"Shows a column for each space (the linear map, the kernel, claims, each process) and\n"
			"a row for each stretch of addresses, with what is mapped there and the conflicts.\n"
			"With -o, the same as an HTML page that needs nothing else: boxes coloured by\n"
			"attribute, and whoever maps them at the pointer.  The file is for its owner only.",
		.example = "pfntrack map -o /root/map.html",
	},
	{
		.name = "export",
		.args = "[FILE]",
		.nargs_max = 1,
		.run = cmd_export,
		.summary = "metrics for node_exporter's textfile collector",
		.details =
			"Prints counts (mappings, aliases, conflicts, leaks) in Prometheus' text format or\n"
			"writes them to FILE, whole or not at all: a FILE that is there keeps its owner and\n"
			"mode, a new one is for its owner only (0600).  No address is among them.",
		.example = "pfntrack export /var/lib/prometheus/node-exporter/pfntrack.prom",
	},
	{
		.name = "version",
		.args = "",
		.run = cmd_version,
		.summary = "version of this command and of the format it reads",
		.details =
			"Shows the version of the command and of the kernel's format that it reads.",
		.example = "pfntrack version --json",
	},
	{
		.name = "help",
		.args = "[COMMAND]",
		.nargs_max = 1,
		.run = cmd_help,
		.summary = "this text, or the help of one command",
		.details = "Shows help.  With --json: commands, options and columns, for scripts.",
		.example = "pfntrack help conflicts",
	},
	{ .name = NULL },
};

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
		rq->bad = c == ':' ? "no value after" : "unknown option";
		/* getopt tells letters by optopt; for words it has moved on. */
		letter[1] = optopt;
		rq->bad_word = optind > at && !strncmp(argv[optind - 1], "--", 2) ? argv[optind - 1]
										  : letter;
	}
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
	struct stat st;
	bool fits[128] = { 0 };
	const char *c;
	int rc = 0;

	/* A letter may stand twice in the table, for other commands. */
	for (opt = option_table; opt->name; opt++)
		if (strchr(rq->special, opt->val))
			fits[(unsigned char)opt->val] |= option_fits(opt, cmd);
	for (c = rq->special; *c; c++)
		if (!fits[(unsigned char)*c])
			return fail(RC_USAGE,
				    "option -%c is not for '%s'; see 'pfntrack %s --help'", *c,
				    cmd->name, cmd->name);
	if (nargs < cmd->nargs_min)
		return fail(RC_USAGE, "'%s' needs %s; see 'pfntrack %s --help'", cmd->name,
			    cmd->args, cmd->name);
	if (nargs > cmd->nargs_max)
		return fail(RC_USAGE, "'%s' takes no '%s'; see 'pfntrack %s --help'", cmd->name,
			    args[cmd->nargs_max], cmd->name);
	if (*opts.root && (stat(opts.root, &st) || !S_ISDIR(st.st_mode)))
		return fail(RC_USAGE,
			    "--root %s is no directory; give one that holds sys/ and proc/",
			    opts.root);
	if (*opts.root && snapshot_unfinished(opts.root))
		return fail(RC_INTERNAL,
			    "the snapshot %s was interrupted; remove it and take it again",
			    opts.root);
	if (opts.source)
		rc = check_source(opts.source, cmd->watch);
	if (!rc && *opts.root)
		rc = snapshot_check(opts.root);
	return !rc && cmd->columns ? columns_select(cmd->columns) : rc;
}

static int run(int argc, char **argv)
{
	struct request rq = { 0 };
	const struct cmd *cmd;
	int rc;

	parse_options(argc, argv, &rq);
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
	return close_stdout(run(argc, argv));
}
