// SPDX-License-Identifier: GPL-2.0-only
/* pfntrack: help, all of it from the tables of commands, options and columns. */

#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "main.h"
#include "print.h"
#include "util.h"

const struct opt option_table[] = {
	{ 'j', "json", NULL, "print JSON; errors, too, as an object on stderr", OPT_ALL },
	{ 'p', "pretty", NULL, "print JSON over several lines", OPT_ALL },
	{ 'R', "root", "DIR", "read a captured tree instead of this machine", OPT_ALL },
	{ 's', "source", "NAME",
	  "kernel (with pfn_track) or proc, for watch bpf; else the first there is", OPT_ALL },
	{ 'q', "quiet", NULL, "print nothing, the exit code is the answer", OPT_ALL },
	{ 'h', "help", NULL, "show help, of the command if one is given", OPT_ALL },
	{ 'V', "version", NULL, "show the version", OPT_ALL },
	{ 'o', "output", "LIST", "columns to show, separated by commas; +LIST adds to the usual",
	  OPT_TABLE },
	{ 'O', "output-all", NULL, "show all columns", OPT_TABLE },
	{ 'x', "sort", "LIST", "sort by these columns; -COLUMN turns the order round", OPT_TABLE },
	{ 'b', "bytes", NULL, "print sizes in bytes", OPT_TABLE },
	{ 'n', "noheadings", NULL, "print rows only", OPT_TABLE },
	{ 'r', "raw", NULL, "one blank between cells; what is odd in them as \\xNN", OPT_TABLE },
	{ 'S', "since", "TIME", "judge what happened since: 10min, 2h, a date, boot or ack",
	  OPT_SINCE },
	{ 'C', "clear", NULL, "acknowledge what is shown: only what comes later counts",
	  OPT_CLEAR },
	{ 'k', "kind", "KIND", "only this kind of mapping, or the policy of it", OPT_KIND },
	{ 'e', "event", "LIST", "only these: map, unmap, conflict, leak", OPT_WATCH },
	{ 'P', "pid", "PID", "only those of a process, on either side", OPT_WATCH },
	{ 'a', "range", "FROM-TO", "only those that touch these addresses", OPT_WATCH },
	{ 'c', "count", "N", "end after so many", OPT_WATCH },
	{ 't', "seconds", "N", "end after so long", OPT_WATCH },
	{ 'o', "output", "FILE", "write the picture as a page; '-' is standard output", OPT_FILE },
	{ 0, NULL, NULL, NULL, OPT_ALL },
};

/**
 * option_fits() - may an option be given to a command?
 * @opt: the option
 * @cmd: the command; NULL if none was given
 */
bool option_fits(const struct opt *opt, const struct cmd *cmd)
{
	switch (opt->group) {
	case OPT_TABLE:
		return cmd && cmd->columns;
	case OPT_KIND:
		return cmd && cmd->kind;
	case OPT_FILE:
		return cmd && cmd->file;
	case OPT_WATCH:
		return cmd && cmd->watch;
	case OPT_SINCE:
		return cmd && cmd->since;
	case OPT_CLEAR:
		return cmd && cmd->clear;
	case OPT_ALL:
		break;
	}
	return true;
}

/**
 * show_options() - print the table of options
 * @cmd: with those that are for this command; or NULL
 */
void show_options(const struct cmd *cmd)
{
	const struct opt *opt;

	puts("\nOptions:");
	for (opt = option_table; opt->name; opt++) {
		char name[32];

		if (!option_fits(opt, cmd))
			continue;
		snprintf(name, sizeof(name), "--%s%s%s", opt->name, opt->arg ? " " : "",
			 opt->arg ? opt->arg : "");
		printf("  -%c, %-16s%s\n", opt->val, name, opt->text);
	}
}

const struct exit_code exit_codes[] = {
	{ RC_CLEAN, "no problem; or shown, by a command that does not judge" },
	{ RC_CONFLICT, "a problem: conflicts, aliases that harm, leaks or findings" },
	{ RC_USAGE, "wrong usage" },
	{ RC_UNSUPPORTED, "not known: not supported, not permitted, or tracking is off" },
	{ RC_INTERNAL, "internal: a malformed or truncated dump, no memory, output lost" },
	{ 0, NULL },
};

/**
 * show_exit_codes() - print what the exit codes mean
 */
void show_exit_codes(void)
{
	const struct exit_code *code;

	puts("\nExit codes:");
	for (code = exit_codes; code->text; code++)
		printf("  %d  %s\n", code->code, code->text);
}

/**
 * show_command_help() - print the help of one command
 * @cmd: the command
 */
void show_command_help(const struct cmd *cmd)
{
	const struct column *column;
	size_t i;

	printf("Usage: pfntrack [OPTIONS] %s%s%s\n\n%s\n", cmd->name, *cmd->args ? " " : "",
	       cmd->args, cmd->details);
	show_options(cmd);
	if (cmd->columns) {
		puts("\nColumns:");
		for (i = 0; (column = column_at(cmd->columns, i)); i++)
			printf("  %-10s%s\n", column->name, column->help);
		if (cmd->columns->note)
			puts(cmd->columns->note);
		printf("Usual: %s\n", cmd->columns->defaults);
	}
	show_exit_codes();
	printf("\nExample:\n  %s\n", cmd->example);
}

static const char *command_name(size_t i)
{
	return commands[i].name;
}

/**
 * find_command() - a command by its name
 * @name: the name, in full
 *
 * Return: NULL after an error line was printed.
 */
const struct cmd *find_command(const char *name)
{
	const char *near;
	size_t i;

	for (i = 0; commands[i].name; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	near = nearest(name, command_name);
	if (near)
		fail(RC_USAGE, "unknown command '%s'; did you mean '%s'?", name, near);
	else
		fail(RC_USAGE, "unknown command '%s'; 'pfntrack help' lists them", name);
	return NULL;
}

/**
 * cmd_help() - "pfntrack help [COMMAND]"
 * @argc: number of operands
 * @argv: operands
 */
int cmd_help(int argc, char **argv)
{
	const struct cmd *cmd = NULL;

	if (argc) {
		cmd = find_command(argv[0]);
		if (!cmd)
			return RC_USAGE;
	}
	if (cmd && !opts.json)
		show_command_help(cmd);
	else
		printer()->help();
	return RC_CLEAN;
}

/**
 * cmd_version() - "pfntrack version"
 * @argc: none
 * @argv: none
 */
int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printer()->version();
	return RC_CLEAN;
}
