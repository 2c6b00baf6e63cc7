/* SPDX-License-Identifier: GPL-2.0-only */
/* pfntrack: how the model is shown.  Printers decide nothing. */
#ifndef PFNTRACK_PRINT_H
#define PFNTRACK_PRINT_H

#include "main.h"
#include "model.h"

/* What is known about one address, device or process, gathered by "explain". */
struct explanation {
	uint64_t address;
	const char *device, *pid;  /* NULL: it is the address */
	char *resource;            /* NULL: no resource there */
	const struct pci_bar *bar; /* NULL: no PCI BAR */
	const struct mapping **holders;
	size_t nr_holders;
	const struct conflict **conflicts;
	size_t nr_conflicts;
	bool aliased; /* more than one holder */
	struct alias alias;
	int healthy; /* as of struct summary */
	char *summary;
};

struct snapshot;
struct metrics;

struct printer {
	void (*status)(const struct model *m);
	void (*list)(const struct model *m);
	void (*aliases)(const struct model *m);
	void (*metrics)(const struct model *m, const struct metrics *metrics);
	void (*conflicts)(const struct model *m);
	void (*explain)(const struct model *m, const struct explanation *e);
	void (*audit)(const struct model *m);
	void (*leaks)(const struct model *m);
	void (*features)(const struct model *m);
	void (*policy)(const struct model *m);
	void (*snapshot)(const struct snapshot *s);
	void (*version)(void);
	void (*help)(void);
};

/* print_text_audit.c, print_json_audit.c */
void text_audit(const struct model *m);
void text_leaks(const struct model *m);
void json_audit(const struct model *m);
void json_leaks(const struct model *m);

/* print_text_kernel.c, print_json_kernel.c */
void text_features(const struct model *m);
void text_roads(const struct model *m, const char *label);
void text_impossible(const struct model *m);
void text_policy(const struct model *m);
void text_snapshot(const struct snapshot *s);
void json_features(const struct model *m);
void json_policy(const struct model *m);
void json_snapshot(const struct snapshot *s);

/* print_text_status.c */
void text_status(const struct model *m);

/* print_text_alias.c */
void text_aliases(const struct model *m);
void text_alias(const struct model *m, const struct alias *alias);
void text_source(const struct model *m);

/* print_metrics.c */
void text_metrics(const struct model *m, const struct metrics *metrics);
void json_metrics(const struct model *m, const struct metrics *metrics);

/* print_json_help.c */
void json_help(void);

/* print_text.c: pieces of it */
void text_put(char *s);
void text_detail(const char *label, char *s);
void text_side(const char *label, const struct mapping *map);
char *text_where(const struct model *m, uint64_t start);
char *text_extent(const struct conflict *c);
void text_hidden(size_t n);
void text_unknown(struct summary s);

extern const struct printer text_printer, json_printer;

/* The one that the options ask for. */
static inline const struct printer *printer(void)
{
	return opts.json ? &json_printer : &text_printer;
}

#endif /* PFNTRACK_PRINT_H */
