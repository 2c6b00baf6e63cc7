/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: what every file of the command knows about the command itself. */
#ifndef PFNTRACK_MAIN_H
#define PFNTRACK_MAIN_H

#include <stdbool.h>

#define PFNTRACK_VERSION "0.1"

/* Exit codes: documented in the help, in the manual page and in the design. */
enum rc {
	RC_CLEAN = 0,
	RC_CONFLICT = 1,
	RC_USAGE = 2,
	RC_UNSUPPORTED = 3,
	RC_INTERNAL = 4,
};

/* What the command line asked for, set once by main() and read everywhere. */
struct options {
	bool json;
	bool pretty;
	bool raw;
	bool noheadings;
	bool bytes;
	bool quiet;
	bool all_columns;
	bool clear;
	const char *columns; /* -o, or NULL */
	const char *output;  /* -o where that is a file, or NULL */
	const char *kind;    /* --kind, or NULL */
	const char *root;    /* --root, or "" for the running kernel */
	const char *source;  /* --source, or NULL for the first that there is */
	const char *since;   /* --since, or NULL */
	const char *sort;    /* --sort, or NULL */
	/* Of watch, each NULL if it was not given. */
	const char *event, *pid, *range, *count, *seconds;
};

extern struct options opts;

/*
 * One command.  Help, dispatch and "help --json" (which the tests compare with
 * the manual page and the completion) all come from this one table.
 */
struct cmd {
	const char *name;
	const char *args; /* operands, as the usage line shows them */
	int nargs_min, nargs_max;
	const char *summary;
	const char *details;
	const char *example;
	const struct column_set *columns; /* NULL: takes no table options */
	bool kind;                        /* takes --kind */
	bool file;                        /* takes --output FILE */
	bool watch;                       /* takes the options of watch */
	bool since;                       /* takes --since */
	bool clear;                       /* takes --clear */
	int (*run)(int argc, char **argv);
};

extern const struct cmd commands[];

int cmd_status(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_conflicts(int argc, char **argv);
int cmd_aliases(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_leaks(int argc, char **argv);
int cmd_features(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int watch_known(const char *source);
int cmd_arch(int argc, char **argv);
int cmd_map(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* help.c */
struct opt {
	int val;
	const char *name;
	const char *arg; /* name of its argument, or NULL */
	const char *text;
	enum opt_group {
		OPT_ALL,
		OPT_TABLE, /* only for commands that print a table */
		OPT_KIND,  /* only for those that take a kind */
		OPT_FILE,  /* only for those that can write a file */
		OPT_WATCH, /* only for watch */
		OPT_SINCE, /* only for those that judge what happened */
		OPT_CLEAR, /* only for those whose rows can be acknowledged */
	} group;
};

extern const struct opt option_table[];

extern const struct exit_code {
	enum rc code;
	const char *text;
} exit_codes[];

const struct cmd *find_command(const char *name);
bool option_fits(const struct opt *opt, const struct cmd *cmd);
void show_options(const struct cmd *cmd);
void show_exit_codes(void);
void show_command_help(const struct cmd *cmd);

#endif /* PFNTRACK_MAIN_H */
