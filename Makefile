# SPDX-License-Identifier: Apache-2.0
#
#   make                 build/pidtree-recorder and build/pidtree-query
#   sudo make run        install what is missing, build, record this host until Ctrl-C (or DURATION=SECONDS)
#   sudo make check      install what is missing, build, run every test
#   make unit            unit tests, plain and under sanitizers
#   sudo make itest      tests of the program on this kernel
#   make lint            all linters; make format does what clang-format asks for
#   make deps            install the Debian packages that are missing (root)
#
# V=1 shows the commands. SANITIZE=1 builds with sanitizers, BUILD=DIR elsewhere.

BUILD ?= build
CC = gcc
CLANG ?= clang
# Not := here and below: "make check" installs these programs after it has read this file.
BPFTOOL ?= $(firstword $(shell command -v bpftool) /usr/sbin/bpftool)
VERSION := 0.1.0
PREFIX ?= /usr/local
PLUGIN_DIRECTORY = $(PREFIX)/lib/pidtree/plugins

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n' $(1) '$(2)'
endif

# What the build, the tests and the linters need beside git and make; the names are
# the same in Debian 12 and 13.
BUILD_PACKAGES := gcc libc6-dev binutils clang bpftool pkgconf libbpf-dev libelf-dev zlib1g-dev \
	libsqlite3-dev libyaml-dev libcjson-dev libsystemd-dev libcurl4-openssl-dev uthash-dev
TEST_PACKAGES := libcmocka-dev liburing-dev libasan8 libubsan1 iproute2 nftables sqlite3 \
	podman runc busybox-static netavark iptables
LINT_PACKAGES := clang-format clang-tidy cppcheck shellcheck mandoc

LIBRARIES := libbpf sqlite3 yaml-0.1 libcjson libsystemd libcurl
PKG_CFLAGS = $(shell pkg-config --cflags $(LIBRARIES))

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wvla -Wwrite-strings -Wformat=2
CPPFLAGS += -D_GNU_SOURCE -DPIDTREE_VERSION='"$(VERSION)"' -I$(BUILD)/gen -Ischema -Ibpf \
	-Iplugins -DPIDTREE_PLUGIN_DIRECTORY='"$(PLUGIN_DIRECTORY)"' $(PKG_CFLAGS)
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu11 $(WARNINGS) -fstack-protector-strong
BPF_CFLAGS = -g -O2 -std=gnu11 -target bpf -mcpu=v3 -D__bpf__ -Wall -Wextra -Werror -Wpadded \
	-Wno-unused-parameter -Ibpf -idirafter /usr/include/$(shell gcc -print-multiarch)

ifeq ($(SANITIZE),1)
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif

RECORDER_LIBS = -lbpf -lsqlite3 -lyaml -lcjson -lsystemd -lcurl -lpthread
QUERY_LIBS = -lsqlite3 -lcjson

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

BPF_SOURCES := $(wildcard bpf/*.bpf.c)
WIRE := $(BUILD)/wire.checked
SKELETONS := $(BPF_SOURCES:bpf/%.bpf.c=$(BUILD)/gen/%.skel.h)
SCHEMA_SQL := $(sort $(wildcard schema/*.sql))
GENERATED := $(SKELETONS) $(BUILD)/gen/sql.h

SCHEMA_SOURCES := $(wildcard schema/*.c)
RECORDER_SOURCES := $(wildcard recorder/*.c)
QUERY_SOURCES := $(wildcard query/*.c)
BUILT_MANUALS := $(patsubst %.in,$(BUILD)/%,$(wildcard docs/*.[1-8].in))
TEST_SOURCES := $(wildcard tests/*.c itests/*.c)
UNITS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/test_*.c))
ITESTS := $(patsubst %.c,$(BUILD)/%,$(wildcard itests/test_*.c))
BENCHMARKS := $(patsubst %.c,$(BUILD)/%,$(wildcard itests/bench_*.c))
TRIGGER := $(patsubst %.c,$(BUILD)/%,$(wildcard itests/trigger.c))
PLUGIN_SOURCES := $(wildcard plugins/*.c tests/plugins/*.c)
PLUGINS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard plugins/*.c))
TEST_PLUGINS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/plugins/*.c))
# What plugins and probes from elsewhere are built against, and those that the tests build.
HEADERS := $(patsubst plugins/%,$(BUILD)/include/%,$(wildcard plugins/*.h)) \
	$(patsubst bpf/%,$(BUILD)/include/pidtree/%,$(wildcard bpf/*.h))
SAMPLES := $(wildcard itests/plugins/* itests/probes/*/*)

all: $(WIRE) $(BUILD)/pidtree-recorder $(BUILD)/pidtree-query $(PLUGINS) $(HEADERS) $(BUILT_MANUALS)
units: $(UNITS) $(PLUGINS) $(TEST_PLUGINS)
itests: $(ITESTS) $(TRIGGER) $(HEADERS) $(SAMPLES:%=$(BUILD)/%) $(BUILD)/itests/gen-ip-mapping.sh

# BPF: object, then skeleton.
$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -c $< -o $@.tmp
	$(Q)$(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp

$(BUILD)/gen/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@

$(BUILD)/gen/sql.h: schema/embed.awk $(SCHEMA_SQL)
	$(call say,SQL,$@)
	@mkdir -p $(@D)
	$(Q)awk -f schema/embed.awk $(SCHEMA_SQL) > $@

$(BUILD)/obj/%.o: %.c | $(GENERATED)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The contract between kernel and recorder is padded by hand: on either side, by either compiler.
WIRE_CFLAGS := -x c -std=gnu11 $(WARNINGS) -Wpadded -Ibpf -fsyntax-only
$(WIRE): bpf/wire.h bpf/kernel.h
	$(call say,WIRE,$<)
	@mkdir -p $(@D)
	$(Q)echo '#include "wire.h"' > $@.c
	$(Q)gcc $(WIRE_CFLAGS) $@.c
	$(Q)$(CLANG) $(WIRE_CFLAGS) $@.c
	$(Q)$(CLANG) $(BPF_CFLAGS) -fsyntax-only $@.c
	$(Q)touch $@

$(BUILD)/schema.a: $(call objects,$(SCHEMA_SOURCES))
$(BUILD)/recorder.a: $(call objects,$(filter-out recorder/main.c,$(RECORDER_SOURCES)))
$(BUILD)/query.a: $(call objects,$(filter-out query/main.c,$(QUERY_SOURCES)))
$(BUILD)/%.a:
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $^

$(BUILD)/pidtree-recorder: $(call objects,recorder/main.c) $(BUILD)/recorder.a $(BUILD)/schema.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(RECORDER_LIBS) -o $@

$(BUILD)/pidtree-query: $(call objects,query/main.c) $(BUILD)/query.a $(BUILD)/schema.a
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(QUERY_LIBS) -o $@

# Plugins know nothing but their interface, and show nothing but it.
$(PLUGINS) $(TEST_PLUGINS): $(BUILD)/%.so: %.c
	$(call say,PLUGIN,$@)
	@mkdir -p $(@D) $(BUILD)/obj/$(*D)
	$(Q)$(CC) -D_GNU_SOURCE -Iplugins $(CFLAGS) -fPIC -fvisibility=hidden -shared $(LDFLAGS) \
		-MMD -MP -MF $(BUILD)/obj/$*.d $< -o $@

$(BUILD)/include/%.h: plugins/%.h
	$(Q)install -D -m 644 $< $@
$(BUILD)/include/pidtree/%.h: bpf/%.h
	$(Q)install -D -m 644 $< $@
$(SAMPLES:%=$(BUILD)/%): $(BUILD)/%: %
	$(Q)install -D -m 644 $< $@

# Manual pages that have a part from the tables.
$(BUILD)/docs/%: docs/%.in $(BUILD)/pidtree-recorder
	$(call say,MAN,$@)
	@mkdir -p $(@D)
	$(Q)$(BUILD)/pidtree-recorder --print-manual-options > $@.options
	$(Q)sed -e '/^@OPTIONS@$$/{r $@.options' -e 'd;}' $< > $@ && rm $@.options

# Unit tests link both sides; which side a test includes is the dependency check's business.
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/recorder.a $(BUILD)/query.a $(BUILD)/schema.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(RECORDER_LIBS) -lcmocka -o $@
$(BUILD)/obj/tests/%.o: CPPFLAGS += -I.
# Those calls of the program itself, not of libraries, go by way of the test.
$(BUILD)/tests/test_config_memory: LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray \
	-Wl,--wrap=strdup,--wrap=strndup,--wrap=asprintf,--wrap=vasprintf,--wrap=open_memstream

# Integration tests know the program from outside: they link nothing of it.
$(BUILD)/itests.a: $(call objects,$(filter-out itests/test_%.c itests/bench_%.c itests/trigger.c,$(wildcard itests/*.c)))
$(BUILD)/itests/%: $(BUILD)/obj/itests/%.o $(BUILD)/itests.a
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ -Wl,--as-needed -lcmocka -luring -lcjson -lpthread -o $@

$(BUILD)/itests/gen-ip-mapping.sh: itests/gen-ip-mapping.sh
	@mkdir -p $(@D)
	$(Q)cp $< $@

# Builds of their own, with as many jobs as processors unless -j was given.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
ASAN := $(BUILD)/asan

deps:
	$(Q)packaging/install-missing $(BUILD_PACKAGES) $(TEST_PACKAGES)
deps-run:
	$(Q)packaging/install-missing $(BUILD_PACKAGES)
deps-lint:
	$(Q)packaging/install-missing $(BUILD_PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES)

# DIR=DIRECTORY keeps the record there, DURATION=SECONDS ends it by itself.
run: DIR ?= $(abspath $(BUILD))/run/$(shell date +%Y-%m-%dT%H-%M-%S)
run: deps-run
	+$(Q)$(SUBMAKE) all >&2
	$(Q)dir='$(DIR)' && mkdir -p "$$dir" && \
	printf 'database %s; ask it:\n  sudo %s -d %s events\n' "$$dir" $(BUILD)/pidtree-query "$$dir" >&2 && \
	exec $(if $(DURATION),timeout --foreground --preserve-status --signal=TERM $(DURATION)) \
		$(BUILD)/pidtree-recorder -c example_config.yml -d "$$dir" -f -

UNIT_RUNS = --check 'build of unit tests' '$(SUBMAKE) units' \
	--check 'build with sanitizers' '$(SUBMAKE) BUILD=$(ASAN) SANITIZE=1 units' \
	tests/test-run tests/test-check-includes $(UNITS) $(UNITS:$(BUILD)/%=$(ASAN)/%)
ITEST_RUNS = --check 'build of integration tests' '$(SUBMAKE) all itests' $(ITESTS)

unit:
	+$(Q)tests/run $(UNIT_RUNS)

itest:
	+$(Q)tests/run --check 'root, to load BPF programs' '[ $$(id -u) = 0 ]' $(ITEST_RUNS)

bench: all $(BENCHMARKS)
	$(Q)for benchmark in $(BENCHMARKS); do $$benchmark 2>&1 | grep -v '^\['; done

check: deps
	+$(Q)tests/run --check 'build' '$(SUBMAKE) all' \
		--check 'build with clang' '$(SUBMAKE) BUILD=$(BUILD)/clang CC=$(CLANG) all units itests' \
		--check 'direction of includes' tests/check-includes \
		--check 'code in the documentation' tests/check-examples \
		$(UNIT_RUNS) $(ITEST_RUNS)

C_SOURCES := $(SCHEMA_SOURCES) $(RECORDER_SOURCES) $(QUERY_SOURCES) $(PLUGIN_SOURCES) $(TEST_SOURCES)
FORMATTED := $(C_SOURCES) $(BPF_SOURCES) $(filter %.c %.h,$(SAMPLES)) \
	$(wildcard $(foreach d,bpf schema recorder query plugins tests itests,$(d)/*.h))
SCRIPTS = $(shell grep -lIE '^\#!/bin/(ba)?sh' .ci/* packaging/* tests/* itests/* 2>/dev/null)
MANUALS := $(wildcard docs/*.[1-8]) $(BUILT_MANUALS)

# cppcheck knows neither the attribute cleanup (ASan watches over leaks) nor that readdir_r is obsolete.
CPPCHECK_SUPPRESSIONS := missingIncludeSystem memleak readdirCalled

lint: deps-lint
	+$(Q)$(SUBMAKE) $(GENERATED) $(BUILT_MANUALS) > /dev/null
	$(call say,LINT,clang-format)
	$(Q)clang-format --dry-run -Werror $(FORMATTED)
	$(call say,LINT,shellcheck)
	$(Q)shellcheck $(SCRIPTS)
	$(call say,LINT,mandoc)
	$(Q)$(if $(MANUALS),mandoc -T lint -W warning $(MANUALS))
	$(call say,LINT,cppcheck)
	$(Q)cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 -j$(shell nproc) \
		--enable=warning,performance,portability --library=posix,gnu \
		--include=/usr/include/uthash.h --include=/usr/include/bpf/libbpf_common.h \
		$(CPPCHECK_SUPPRESSIONS:%=--suppress=%) \
		-D_GNU_SOURCE -DPIDTREE_VERSION='""' -DPIDTREE_PLUGIN_DIRECTORY='""' -Ischema -Ibpf -Iplugins \
		$(SCHEMA_SOURCES) $(RECORDER_SOURCES) $(QUERY_SOURCES) $(PLUGIN_SOURCES)
	$(call say,LINT,clang-tidy)
	$(Q)printf '%s\n' $(C_SOURCES) | xargs -P $(shell nproc) -I{} \
		clang-tidy --quiet {} -- -std=gnu11 $(CPPFLAGS) -I. 2>/dev/null

format: deps-lint
	$(Q)clang-format -i $(FORMATTED)

clean:
	rm -rf $(BUILD)

.PHONY: all units itests deps deps-run deps-lint run unit itest bench check lint format clean
# Not .SECONDARY: with it a new source older than an archive would not get into the archive.
.PRECIOUS: $(BUILD)/obj/%.o $(BUILD)/bpf/%.bpf.o $(BUILD)/gen/%.skel.h

-include $(shell find $(BUILD)/obj $(BUILD)/bpf -name '*.d' 2>/dev/null)
