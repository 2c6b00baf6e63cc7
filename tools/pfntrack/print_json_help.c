// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: all that the command knows about itself, as JSON.  The manual pages are
 * made from it, and the tests compare it with the completion.
 */

#include "columns.h"
#include "json.h"
#include "main.h"
#include "print.h"
#include "util.h"

static void put_options(struct json_object *v, const struct cmd *cmd)
{
	struct json_object *names = jneed(json_object_new_array());
	struct json_object *help = jneed(json_object_new_array());
	const struct opt *opt;

	for (opt = option_table; opt->name; opt++) {
		struct json_object *one;
		const char letter[] = { opt->val, '\0' };

		if (!option_fits(opt, cmd))
			continue;
		one = jneed(json_object_new_object());
		jput(one, "name", jtext_and_free(xasprintf("--%s", opt->name)));
		jput(one, "letter", jtext(letter));
		jput(one, "arg", jtext(opt->arg));
		jput(one, "text", jtext(opt->text));
		jpush(names, jtext_and_free(xasprintf("--%s", opt->name)));
		jpush(help, one);
	}
	jput(v, "options", names);
	jput(v, "option_help", help);
}

static void put_columns(struct json_object *v, const struct column_set *set)
{
	struct json_object *names = jneed(json_object_new_array());
	struct json_object *help = jneed(json_object_new_array());
	const struct column *column;
	size_t i;

	for (i = 0; set && (column = column_at(set, i)); i++) {
		struct json_object *one = jneed(json_object_new_object());

		jput(one, "name", jtext(column->name));
		jput(one, "help", jtext(column->help));
		jpush(names, jtext(column->name));
		jpush(help, one);
	}
	jput(v, "columns", names);
	jput(v, "column_help", help);
	jput(v, "column_note", jtext(set ? set->note : NULL));
	jput(v, "columns_usual", jtext(set ? set->defaults : NULL));
}

static struct json_object *codes(void)
{
	struct json_object *all = jneed(json_object_new_array());
	const struct exit_code *code;

	for (code = exit_codes; code->text; code++) {
		struct json_object *one = jneed(json_object_new_object());

		jput(one, "code", jnumber(code->code));
		jput(one, "text", jtext(code->text));
		jpush(all, one);
	}
	return all;
}

/**
 * json_help() - print all commands
 */
void json_help(void)
{
	struct json_object *top = jdocument_built_in();
	struct json_object *all = jneed(json_object_new_array());
	const struct cmd *cmd;

	for (cmd = commands; cmd->name; cmd++) {
		struct json_object *v = jneed(json_object_new_object());

		jput(v, "name", jtext(cmd->name));
		jput(v, "args", jtext(cmd->args));
		jput(v, "summary", jtext(cmd->summary));
		jput(v, "details", jtext(cmd->details));
		jput(v, "example", jtext(cmd->example));
		put_options(v, cmd);
		put_columns(v, cmd->columns);
		jpush(all, v);
	}
	jput(top, "commands", all);
	jput(top, "exit_codes", codes());
	jemit(top);
}
