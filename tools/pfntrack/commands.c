// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: the table of commands; help, dispatch and manual pages are made from it. */

#include <stddef.h>

#include "columns.h"
#include "main.h"

const struct cmd commands[] = {
	{
		.name = "status",
		.args = "",
		.since = true,
		.run = cmd_status,
		.summary = "does this machine have a problem? one screen, one answer",
		.details =
			"The first line is the answer; below it stand the policy, what is watched, and how\n"
			"many mappings are recorded.  A problem is what disagrees now, and what happened\n"
			"since boot, or since it was acknowledged ('conflicts --clear').  Mappings that were\n"
			"refused are none.  While tracking is off the answer is not known, exit code 3.",
		.example = "pfntrack status --quiet --since 1h || echo look into it",
	},
	{
		.name = "list",
		.args = "[FILTER ...]",
		.nargs_max = 32,
		.run = cmd_list,
		.columns = &list_columns,
		.summary = "every recorded mapping and its holder",
		.details =
			"Lists the live mappings by physical address.  An attribute WANT>GOT means that\n"
			"the holder asked for the one and got the other.  A FILTER is a range (an address,\n"
			"START-END as /proc/iomem has it or with 0x, or START+SIZE) or KEY=VALUE; keys are\n"
			"range, attr, kind, driver, device, pid, comm.  One key given twice means either,\n"
			"two keys mean both.",
		.example = "pfntrack list fd000000-fdffffff attr=WC -o +DRIVER",
	},
	{
		.name = "conflicts",
		.args = "[FILTER ...]",
		.nargs_max = 32,
		.since = true,
		.clear = true,
		.run = cmd_conflicts,
		.columns = &conflicts_columns,
		.summary = "mappings that disagreed, with both sides",
		.details =
			"Shows the last conflicts, oldest first: the newcomer, the holder, what it means\n"
			"and what to do.  With -o, --raw or --noheadings it is a table, a row each.\n"
			"A conflict stays listed after its mappings are gone, until --clear.  A FILTER, as\n"
			"of 'list', is met by either side.",
		.example = "pfntrack conflicts -o VERDICT,RANGE,COMM,HELD.COMM",
	},
	{
		.name = "aliases",
		.args = "[FILTER ...]",
		.nargs_max = 32,
		.run = cmd_aliases,
		.columns = &aliases_columns,
		.summary = "what is mapped more than once, and whether that harms",
		.details =
			"Shows the physical ranges that have more than one holder now, the worst first:\n"
			"the two mappings that get on worst, what it means and what to do.  Ranges whose\n"
			"holders agree are only counted.  With -o, --raw or --noheadings it is a table of\n"
			"all of them.  It judges the records of the source, also on a stock kernel, and\n"
			"compares RAM with the kernel's linear map.  A FILTER, as of 'list', is met by\n"
			"either side.",
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
		.args = "[FILTER ...]",
		.nargs_max = 32,
		.since = true,
		.clear = true,
		.run = cmd_leaks,
		.columns = &leaks_columns,
		.summary = "what drivers and modules left mapped when they went",
		.details =
			"Shows the last mappings and claims that were still there when their driver had\n"
			"been unbound, or its probe had failed, or their module was unloaded, oldest\n"
			"first, until --clear.  With -o, --raw or --noheadings it is a table, a row each.\n"
			"A FILTER is one of 'list'.",
		.example = "pfntrack leaks -o NAME,FROM,RANGE,SITE",
	},
	{
		.name = "watch",
		.args = "[FILTER ...]",
		.nargs_max = 32,
		.kind = true,
		.watch = true,
		.run = cmd_watch,
		.summary = "mappings, conflicts and leaks as they happen",
		.details =
			"Shows a line for each event until Ctrl-C, with --json an object a line.  What comes\n"
			"too fast is dropped, counted, and said.  A FILTER is one of 'list'; of a conflict,\n"
			"either side meets it.",
		.example = "pfntrack watch --event conflict,leak attr=WC",
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
			"Copies what this command reads into DIR, which must be new, or empty and your own:\n"
			"for root only, with kernel addresses masked.  It includes an audit.  A capture that\n"
			"fails or is interrupted is removed; one that was killed is marked, and --root\n"
			"refuses it.",
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
		.args = "[FILTER ...]",
		.nargs_max = 32,
		.file = true,
		.run = cmd_map,
		.summary = "physical memory as a picture: who maps what, and where it clashes",
		.details =
			"Shows a column for each space (the linear map, the kernel, claims, each process) and\n"
			"a row for each stretch of addresses, with what is mapped there and the conflicts.\n"
			"With -o, the same as an HTML page that needs no other file: boxes coloured by\n"
			"attribute, a search, a zoom, and a table of the mappings, which is printed, too.\n"
			"The file is for its owner only; a link, a FIFO or a device is not written.  A\n"
			"FILTER is one of 'list'.",
		.example = "pfntrack map -o /var/tmp/map.html",
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
			"mode, a new one is for its owner only (0600).  No address is among them.  FILE may\n"
			"be -, standard output, but no link, FIFO or device.",
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
