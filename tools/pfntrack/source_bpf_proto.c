// SPDX-License-Identifier: GPL-2.0-only
/*
 * pfntrack: the prototypes of the kernel's functions, from its BTF.
 *
 * A prototype is written as one letter for what the function returns and one for
 * each argument: "i(Vlg)".
 *
 *	v void, b 1 byte, i 4 bytes, l 8 bytes (integers and enums)
 *	g pgprot_t, s another structure of 8 bytes, both by value
 *	V struct vm_area_struct *, F struct vm_fault *,
 *	M struct pagetable_move_control *, p any other pointer
 */

#include <string.h>

#include <bpf/btf.h>

#include "source_bpf_plan.h"
#include "util.h"

static const struct btf_type *resolve(const struct btf *btf, __u32 id, bool *pgprot)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t))) {
		const char *name = btf__name_by_offset(btf, t->name_off);

		if (pgprot && btf_is_typedef(t) && name && !strcmp(name, "pgprot_t"))
			*pgprot = true;
		t = btf__type_by_id(btf, t->type);
	}
	return t;
}

static char pointer_letter(const struct btf *btf, const struct btf_type *pointer)
{
	static const struct {
		const char *name;
		char letter;
	} known[] = {
		{ "vm_area_struct", 'V' },
		{ "vm_fault", 'F' },
		{ "pagetable_move_control", 'M' },
	};
	const struct btf_type *t = pointer->type ? resolve(btf, pointer->type, NULL) : NULL;
	const char *name;
	size_t i;

	if (!t || !(btf_is_struct(t) || btf_is_fwd(t)))
		return 'p';
	name = btf__name_by_offset(btf, t->name_off);
	for (i = 0; name && i < ARRAY_SIZE(known); i++)
		if (!strcmp(name, known[i].name))
			return known[i].letter;
	return 'p';
}

static char letter(const struct btf *btf, __u32 id)
{
	bool pgprot = false;
	const struct btf_type *t;

	if (!id)
		return 'v';
	t = resolve(btf, id, &pgprot);
	if (!t)
		return '?';
	if (btf_is_ptr(t))
		return pointer_letter(btf, t);
	if (pgprot)
		return t->size == 8 ? 'g' : '?';
	if (btf_is_struct(t) || btf_is_union(t))
		return t->size == 8 ? 's' : '?';
	if (!btf_is_int(t) && !btf_is_any_enum(t))
		return '?';
	switch (t->size) {
	case 1:
		return 'b';
	case 4:
		return 'i';
	case 8:
		return 'l';
	}
	return '?';
}

/**
 * bpf_prototype() - the prototype of a kernel function, in letters
 * @btf: of the kernel
 * @function: its name
 *
 * Return: a new string, or NULL if the kernel's BTF does not describe it.
 */
char *bpf_prototype(const struct btf *btf, const char *function)
{
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	const struct btf_param *param;
	char *text;
	int n, i;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	if (!t || !btf_is_func_proto(t))
		return NULL;
	n = btf_vlen(t);
	text = xcalloc(n + 4, 1);
	text[0] = letter(btf, t->type);
	text[1] = '(';
	param = btf_params(t);
	for (i = 0; i < n; i++)
		text[2 + i] = letter(btf, param[i].type);
	text[2 + n] = ')';
	return text;
}
