// SPDX-License-Identifier: GPL-2.0-only
/*
 * sections: a plugin of QEMU that measures how long a guest holds a spinlock.
 *
 *   -plugin sections.so,map=SYSTEM.MAP,lock=SYMBOL,out=FILE
 *
 * Counts the instructions between an atomic operation on the lock and the next plain
 * store to it, interrupts in between included.  Writes to FILE, again and again:
 *
 *   sections COUNT odd COUNT
 *   FUNCTION MOST COUNT
 *
 * with the function that dropped the lock, and the most instructions and the number
 * of these sections.  What is odd is a lock taken twice, or dropped without being
 * taken: then nothing else can be believed.
 *
 * Only for one CPU, under -icount, and a kernel that lies where its System.map says.
 * Accesses are seen in functions whose names begin as in touches() below: all that
 * may touch the lock, as all of memory would be slow.
 *
 * Debian has no header for plugins.  The declarations are of version 1 of the
 * interface, https://www.qemu.org/docs/master/devel/tcg-plugins.html
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADD_U64		0	/* QEMU_PLUGIN_INLINE_ADD_U64 */
#define NO_REGS		0	/* QEMU_PLUGIN_CB_NO_REGS */
#define READ_WRITE	3	/* QEMU_PLUGIN_MEM_RW */

struct qemu_plugin_tb;
struct qemu_plugin_insn;

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int cpu, void *data), int flags,
					  void *data);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op, void *number,
					      uint64_t add);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
				      void (*cb)(unsigned int cpu, uint32_t info, uint64_t va,
						 void *data),
				      int flags, int access, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
bool qemu_plugin_mem_is_store(uint32_t info);

int qemu_plugin_version = 1;

struct function {
	uint64_t from;
	uint64_t to;
	char *name;
	uint64_t most;
	uint64_t count;
};

static struct function *functions;
static size_t nr_functions;
static const char *out;
static uint64_t lock;

static uint64_t insns;		/* executed so far */
static struct function *current;
static uint64_t began, nr_sections, odd;
static bool held;

static void save(void)
{
	FILE *file = fopen(out, "w");
	size_t i;

	if (!file) {
		perror(out);
		exit(1);
	}
	fprintf(file, "sections %" PRIu64 " odd %" PRIu64 "\n", nr_sections, odd);
	for (i = 0; i < nr_functions; i++)
		if (functions[i].count)
			fprintf(file, "%s %" PRIu64 " %" PRIu64 "\n", functions[i].name,
				functions[i].most, functions[i].count);
	fclose(file);
}

static void taken(void)
{
	odd += held;
	held = true;
	began = insns;
}

static void dropped(void)
{
	uint64_t took = insns - began;

	if (!held) {
		odd++;
		return;
	}
	held = false;
	if (!current)
		return;
	current->count++;
	if (took > current->most)
		current->most = took;
	/* The guest ends without notice. */
	if (++nr_sections % 4096 == 0 || took == current->most)
		save();
}

/* What loads and stores in one instruction takes the lock. */
static void touched(unsigned int cpu, uint32_t info, uint64_t va, void *insn)
{
	static void *loaded;
	bool both = loaded == insn;

	if (va != lock)
		return;
	loaded = NULL;
	if (!qemu_plugin_mem_is_store(info))
		loaded = insn;
	else if (both)
		taken();
	else
		dropped();
}

static void entered(unsigned int cpu, void *function)
{
	current = function;
}

static struct function *function_at(uint64_t va)
{
	size_t low = 0, high = nr_functions;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (functions[middle].to <= va)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nr_functions && functions[low].from <= va ? &functions[low] : NULL;
}

static bool is_raw(const char *name)
{
	return !strncmp(name, "_raw_spin_", 10);
}

static bool touches(const char *name)
{
	return is_raw(name) || !strncmp(name, "pft_", 4) || !strncmp(name, "pfn_track_", 10) ||
	       !strncmp(name, "__pfn_track_", 12);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t nr = qemu_plugin_tb_n_insns(tb), i;
	struct function *function;

	qemu_plugin_register_vcpu_tb_exec_inline(tb, ADD_U64, &insns, nr);
	function = function_at(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)));
	if (!function)
		return;
	/* A spinlock's own functions are no answer to who dropped it. */
	if (!is_raw(function->name))
		qemu_plugin_register_vcpu_tb_exec_cb(tb, entered, NO_REGS, function);
	for (i = 0; i < nr; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		qemu_plugin_register_vcpu_mem_cb(insn, touched, NO_REGS, READ_WRITE,
						 (void *)(uintptr_t)qemu_plugin_insn_vaddr(insn));
	}
}

/* System.map is sorted: a function goes as far as the next symbol. */
static void read_map(const char *name, const char *wanted)
{
	FILE *file = fopen(name, "r");
	struct function *last = NULL;
	char line[512], symbol[512], type;
	uint64_t va;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNx64 " %c %511s", &va, &type, symbol) != 3)
			continue;
		if (last && va > last->from) {
			last->to = va;
			last = NULL;
		}
		if (!strcmp(symbol, wanted))
			lock = va;
		if (last || !strchr("tT", type) || !touches(symbol))
			continue;
		functions = realloc(functions, (nr_functions + 1) * sizeof(*functions));
		if (!functions)
			abort();
		last = &functions[nr_functions++];
		*last = (struct function){ .from = va, .to = va, .name = strdup(symbol) };
	}
	if (file)
		fclose(file);
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	const char *map = NULL, *wanted = NULL;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "map=", 4))
			map = argv[i] + 4;
		else if (!strncmp(argv[i], "lock=", 5))
			wanted = argv[i] + 5;
		else if (!strncmp(argv[i], "out=", 4))
			out = argv[i] + 4;
	}
	if (!map || !wanted || !out) {
		fprintf(stderr, "sections: map=, lock= and out= are needed\n");
		return -1;
	}
	read_map(map, wanted);
	if (!lock || !nr_functions) {
		fprintf(stderr, "sections: no %s in %s\n", wanted, map);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
