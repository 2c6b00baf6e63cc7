# SPDX-License-Identifier: GPL-2.0-only
# pfn_track: "make help" lists what can be made. Everything is built under
# build/ and, where it is dear to make and worth keeping, in $PFNTRACK_CACHE
# (default: pfntrack in your cache folder). V=1 shows commands.

PYTHON := /usr/bin/python3 -B
MACHINE := $(shell uname -m)
ARCH ?= $(if $(filter aarch64,$(MACHINE)),arm64,x86_64)
FLAVOUR ?= pfn_track
BUILD := build
comma := ,
# A comma in the arguments of or would end one.
TEST_ARCHES := $(subst $(comma), ,$(or $(PFNTRACK_ARCHES),x86_64 arm64 riscv64))
# Those with a shell in their guests, and with kernels that are not ours.
SHELL_ARCHES := $(filter x86_64 arm64,$(TEST_ARCHES))

# $(call one_of,NAME,VALUES): nothing if every word of the variable NAME is one of VALUES;
# else the end, with their list, before the recipe that says it begins.
one_of = $(foreach word,$(subst $(comma), ,$($(1))),$(if $(filter $(word),$(2)),,$(error \
	$(1)=$(word) is not known: one of $(strip $(2)))))
GUESTS := x86_64 arm64
# The packages for another architecture than the machine's.
CROSS = $(if $(filter aarch64,$(MACHINE)),,$(filter arm64,$(ARCH)))
# From where they are defined.
ALL_ARCHES = $(shell sed -n 's/^    "\([a-z0-9_]*\)": Arch.*/\1/p' scripts/kernel/common.py)
ROWS = $(shell sed -n 's/^    "\([^"]*\)": Row.*/\1/p' tests/qemu/matrix.py)

# A test that hangs says where, after ten minutes.
PYTEST_OPTIONS := -p no:cacheprovider -o faulthandler_timeout=600 -ra

# PREEMPT_RT has no transparent huge pages, and its own ways to sleep.
RT_TESTS := boot conflicts lifetime lives faults audit leak

# Logs of guests whose process has ended: ARCH-FLAVOUR-PID-NUMBER.console and .qemu.
remove_logs = $(Q)for log in $(BUILD)/lab/*-*-*-*.*; do \
	pid=$${log%-*}; [ -e "/proc/$${pid\#\#*-}" ] || rm -f "$$log"; \
done

ifneq ($(V),1)
Q := @
MAKEFLAGS += --no-print-directory
endif
export V

.DEFAULT_GOAL := tools
.PHONY: tools demo shell test test-debug test-rt lab unit bench bench-kernel bench-bpf soak matrix kernel patch style install clean help

tools: ## the pfntrack command and its manual, build/tools (the default)
	$(Q)scripts/packages tools
	$(Q)$(MAKE) $(if $(Q),-s) -C tools/pfntrack O=../../$(BUILD)/tools pfntrack man
	@echo "made $(BUILD)/tools/pfntrack, and its manual in $(BUILD)/tools/man"

demo: ## a conflict refused in a real kernel [ARCH=x86_64|arm64]
	$(call one_of,ARCH,$(GUESTS))
	$(Q)scripts/packages tools kernel lab $(CROSS)
	$(Q)scripts/demo $(ARCH)

shell: ## a shell in a guest with the test devices, the samples and pfntrack [ARCH=] [POLICY=]
	$(call one_of,ARCH,$(GUESTS))$(call one_of,POLICY,report enforce strict off)
	$(Q)scripts/packages tools kernel lab $(CROSS)
	$(Q)scripts/shell $(ARCH) $(POLICY)

test: ## all tests, on x86_64, arm64 and riscv64 [PFNTRACK_ARCHES=x86_64]
	$(call one_of,PFNTRACK_ARCHES,$(ALL_ARCHES))
	$(Q)scripts/packages tools unit kernel lab metrics browser docs shells $(filter arm64 riscv64,$(TEST_ARCHES))
	$(Q)$(MAKE) tools
	$(Q)for arch in $(TEST_ARCHES); do \
		$(PYTHON) scripts/kernel/build.py $$arch pfn_track || exit 1; \
	done
	$(Q)for arch in $(SHELL_ARCHES); do \
		$(PYTHON) scripts/kernel/build.py $$arch pristine || exit 1; \
	done
	$(if $(filter x86_64,$(TEST_ARCHES)),$(Q)for flavour in debian-6.1 debian-6.12; do \
		$(PYTHON) scripts/kernel/debian.py $$flavour || exit 1; \
	done)
	$(if $(filter arm64,$(TEST_ARCHES)),$(Q)scripts/sysroot >/dev/null)
	$(call remove_logs)
	$(Q)PFNTRACK_ARCHES="$(TEST_ARCHES)" scripts/run-tests $(PYTEST_OPTIONS)

test-debug: ## the guest tests on kernels with lockdep and KASAN (slow) [PFNTRACK_ARCHES=]
	$(call one_of,PFNTRACK_ARCHES,$(ALL_ARCHES))
	$(Q)scripts/packages tools kernel lab $(filter arm64,$(SHELL_ARCHES))
	$(Q)for arch in $(SHELL_ARCHES); do \
		$(PYTHON) scripts/kernel/build.py $$arch debug || exit 1; \
	done
	$(Q)PFNTRACK_ARCHES="$(SHELL_ARCHES)" PFNTRACK_FLAVOUR=debug \
		$(PYTHON) -m pytest $(PYTEST_OPTIONS) tests/qemu

test-rt: ## the guest tests of lives and conflicts on PREEMPT_RT with lockdep, x86_64
	$(Q)scripts/packages tools kernel lab
	$(Q)$(PYTHON) scripts/kernel/build.py x86_64 rt
	$(Q)PFNTRACK_ARCHES=x86_64 PFNTRACK_FLAVOUR=rt $(PYTHON) -m pytest $(PYTEST_OPTIONS) \
		$(RT_TESTS:%=tests/qemu/test_%.py)

lab: ## all guest tests, with real drivers and tests of others [ARCH=x86_64|arm64]
	$(call one_of,ARCH,$(GUESTS))
	$(Q)scripts/packages tools kernel lab drivers $(CROSS)
	$(Q)for flavour in pristine pfn_track drivers $(if $(filter x86_64,$(ARCH)),bpf); do \
		$(PYTHON) scripts/kernel/build.py $(ARCH) $$flavour || exit 1; \
	done
	$(call remove_logs)
	$(Q)PFNTRACK_ARCHES=$(ARCH) PFNTRACK_DRIVERS=1 \
		$(PYTHON) -m pytest $(PYTEST_OPTIONS) tests/qemu
	$(if $(filter x86_64,$(ARCH)),$(Q)$(MAKE) test-rt)

unit: ## the registry under sanitizers in user space, seconds
	$(Q)scripts/packages unit kernel
	$(Q)$(MAKE) $(if $(Q),-s) -C tests/unit O=../../$(BUILD)/unit \
		KSRC=$$($(PYTHON) scripts/kernel/tree.py --pristine) check

bench: ## the registry beside the kernel's memtype_interval.c, build/bench/store.json
	$(Q)scripts/packages unit kernel
	$(Q)$(MAKE) $(if $(Q),-s) -C tests/bench O=../../$(BUILD)/bench \
		KSRC=$$($(PYTHON) scripts/kernel/tree.py --pristine) run

bench-kernel: ## instructions that the hooks cost, build/bench/kernel.json [ARCH=]
	$(call one_of,ARCH,$(GUESTS))
	$(Q)scripts/packages tools kernel lab $(CROSS)
	$(Q)$(PYTHON) tests/bench/kernel.py $(ARCH)

bench-bpf: ## instructions that BPF programs cost on Debian's 6.12, build/bench/bpf.json
	$(Q)scripts/packages tools lab
	$(Q)$(PYTHON) tests/bench/bpf.py

soak: ## random work, then the audit [SECONDS=60] [SEED=] [ARCH=], build/soak
	$(call one_of,ARCH,$(GUESTS))
	$(Q)scripts/packages tools kernel lab $(CROSS)
	$(Q)$(PYTHON) tests/qemu/soak.py $(ARCH) $(or $(SECONDS),60) $(SEED)

matrix: ## every architecture booted, build/matrix.json [ARCHES="riscv64 s390x"]
	$(call one_of,ARCHES,$(ROWS))
	$(Q)scripts/packages kernel matrix
	$(Q)$(PYTHON) tests/qemu/matrix.py $(subst $(comma), ,$(ARCHES))

kernel: ## a kernel image; prints its path [ARCH=x86_64|arm64] [FLAVOUR=pristine|debug]
	$(call one_of,ARCH,$(ALL_ARCHES))
	$(Q)scripts/packages kernel
	$(Q)$(PYTHON) scripts/kernel/build.py $(ARCH) $(FLAVOUR)

patch: ## the change as a series for "git am", build/patches [SOURCE=a linux-6.12 tree]
	$(Q)scripts/packages kernel
	$(Q)$(PYTHON) scripts/kernel/mkpatch.py $(BUILD)/patches $(if $(SOURCE),--source "$(SOURCE)")

style: ## checkpatch, sparse, W=1, kernel-doc, cppcheck, shellcheck
	$(Q)scripts/style

install: tools ## the pfntrack command, its manual, completions and the bpftrace scripts [PREFIX=] [DESTDIR=]
	$(Q)$(MAKE) $(if $(Q),-s) -C tools/pfntrack O=../../$(BUILD)/tools install

clean: ## remove build/; the cache is kept
	$(Q)rm -rf $(BUILD)

help: ## this list
	@echo "pfn_track: who maps which physical range with which cache attribute"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F'\t' '{ printf "%-18s %s\n", $$1, $$2 }'
	@echo "V=1 shows commands; PFNTRACK_CACHE is where kernels are kept."
