# SPDX-License-Identifier: MIT
# Globes: one Makefile, no recursion; all that is made goes below $(O). `make help` lists the targets.

SAN   ?=
PORT  ?= 8080
BIND  ?= 127.0.0.1
DATA  ?= ./data
PREFIX  ?= /usr
DESTDIR ?=
O     ?= build$(if $(SAN),/$(subst $(comma),-,$(SAN)))
comma := ,
Q     := $(if $(V),,@)
say    = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)';)

CC       ?= cc
PKGS     := json-c libjwt sqlite3 icu-uc libcrypto libwebsockets libuv
# Asked once, and only when something is compiled: `make deps` must work before the packages are there.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))$(PKG_CFLAGS)

# Under sanitizers gcc can prove less and warns of more: there a warning is no error.
WARN   := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wshadow -Wcast-qual -Wsign-compare -Wformat=2 \
          -Wpointer-arith -Wwrite-strings -Wundef -Wvla -Wnull-dereference $(if $(CI),$(if $(SAN),,-Werror))
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -fcf-protection $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
OPT    ?= $(if $(SAN),-O1 -g -fno-omit-frame-pointer,-O2 -g)
ALL_CFLAGS  = -std=gnu11 $(OPT) $(WARN) $(HARDEN) $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=undefined) \
              -D_GNU_SOURCE -I. -I$(O)/include -include common/poison.h -MMD -MP $(PKG_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

LIBS_COMMON := -ljson-c -ljwt -lsqlite3 -licuuc -lcrypto -lcrypt -lpthread
LIBS_FCGI   := -lfcgi
LIBS_RELAY  := -lwebsockets -luv

src  = $(sort $(wildcard $(1)/*.c))
objs = $(patsubst %.c,$(O)/%.o,$(1))

COMMON := $(call src,common)
FCGI   := $(filter-out fcgi/main.c,$(call src,fcgi))
RELAY  := $(filter-out relay/main.c,$(call src,relay))
CTL    := $(filter-out ctl/main.c,$(call src,ctl))
UNITS  := $(patsubst tests/unit/%.c,$(O)/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_HELP := $(filter-out $(wildcard tests/unit/test_*.c),$(call src,tests/unit))
LOAD   := $(patsubst tests/load/%.c,$(O)/load/%,$(filter-out $(wildcard tests/load/*_*.c),$(call src,tests/load)))
PROGRAMS := $(O)/globes.fcgi $(O)/globes-relay $(O)/globesctl
VERSION   = $(shell sed -n 's/^.define GLOBES_VERSION "\(.*\)"$$/\1/p' common/program.h)
MADE     := $(O)/globes.conf $(O)/globes.conf.5
ARCHIVE   = $(O)/globes-$(VERSION)

.PHONY: all deps run test check bench clean help units load format flags install uninstall dist
.DELETE_ON_ERROR:
.SECONDARY: # objects of unit tests are kept

all: $(PROGRAMS) $(MADE) ## the three programs, the sample settings file and the manual's page of it

$(O)/%.o: %.c
	$(call say,CC,$<)mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -c -o $@ $<

# SQL goes into the programs as C strings, so that nothing has to be found at run time.
$(O)/include/sql.h: $(wildcard sql/*.sql sql/upgrade/*.sql) tests/tools/sql_to_c
	$(call say,GEN,$@)mkdir -p $(@D) && tests/tools/sql_to_c sql >$@
$(O)/common/store_sqlite.o: $(O)/include/sql.h

$(O)/globes.conf: packaging/globes.conf.in common/settings.def tests/tools/settings_to
	$(call say,GEN,$@)mkdir -p $(@D) && tests/tools/settings_to conf $< >$@
$(O)/globes.conf.5: docs/man/globes.conf.5 common/settings.def tests/tools/settings_to
	$(call say,GEN,$@)mkdir -p $(@D) && tests/tools/settings_to man $< >$@

define library
$(O)/lib$(1).a: $(call objs,$($(2)))
	$(call say,AR,$$@)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(eval $(call library,common,COMMON))
$(eval $(call library,fcgi,FCGI))
$(eval $(call library,relay,RELAY))
$(eval $(call library,ctl,CTL))
$(eval $(call library,unit,UNIT_HELP))

$(O)/globes.fcgi: $(O)/fcgi/main.o $(O)/libfcgi.a $(O)/libcommon.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_FCGI) $(LIBS_COMMON)
$(O)/globes-relay: $(O)/relay/main.o $(O)/librelay.a $(O)/libcommon.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_RELAY) $(LIBS_COMMON)
$(O)/globesctl: $(O)/ctl/main.o $(O)/libctl.a $(O)/libcommon.a
	$(call say,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON)

# Unit tests: one program for each tests/unit/test_*.c, found by pattern.
$(O)/unit/%: $(O)/tests/unit/%.o $(O)/libunit.a $(O)/librelay.a $(O)/libfcgi.a $(O)/libcommon.a
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS_COMMON)
units: $(UNITS)

# Load tools: one program for each tests/load/NAME.c; its other files are named NAME_*.c.
.SECONDEXPANSION:
$(O)/load/%: $(O)/tests/load/%.o $$(call objs,$$(wildcard tests/load/$$*_*.c)) $(O)/libcommon.a
	$(call say,LD,$@)mkdir -p $(@D) && $(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_COMMON)
$(O)/tests/load/bare.o: $(O)/include/sql.h # the log's own tables
$(O)/load/barefcgi: LIBS_COMMON := $(LIBS_FCGI) $(LIBS_COMMON)
load: $(LOAD)

# Goals that bring their packages along: those must be there before the first file is compiled.
ifneq ($(filter run test check bench,$(MAKECMDGOALS)),)
$(call objs,$(foreach d,common fcgi relay ctl tests/unit tests/load,$(call src,$(d)))): | deps
endif
test check: export TESTS := 1

deps: ## installs what is missing to build and run; TESTS=1: to test as well
	@packaging/deps

run: deps all ## the whole site in the foreground; PORT=8080 BIND=127.0.0.1 DATA=./data
	@exec $(O)/globesctl run --port '$(PORT)' --bind '$(BIND)' --data '$(DATA)' --programs $(O) \
	    --httpd-conf httpd-conf/lighttpd/globes.conf

test: deps all units ## all tests; T=pattern: some; SAN=address,undefined or SAN=thread: under sanitizers
	@tests/tools/run_tests $(O)

check: deps $(O)/include/sql.h ## format, include arrows, sizes and the other rules that need no running program
	@tests/tools/check

bench: deps all load ## speed and memory beside what the machine can do at most; ROW=1,2 SECONDS=10 SHORT=1
	@GLOBES_BUILD=$(O) tests/load/bench

install: all ## DESTDIR= PREFIX=/usr: programs, page, manual, units, /etc/globes/globes.conf where there is none
	@packaging/install install '$(O)' '$(PREFIX)' '$(DESTDIR)'

uninstall: ## with the same DESTDIR and PREFIX: all that install put there, but no settings, secret or data
	@packaging/install uninstall '$(O)' '$(PREFIX)' '$(DESTDIR)'

# Of the commit, whatever lies about; the same commit makes the same bytes.
dist: ## build/globes-VERSION.tar.gz
	$(call say,TAR,$(ARCHIVE).tar.gz)mkdir -p $(O) && \
	    git archive --prefix=globes-$(VERSION)/ -o $(ARCHIVE).tar HEAD && gzip -n -9 -f $(ARCHIVE).tar

format: ## brings all C files into shape
	clang-format-14 -i $(foreach d,common fcgi relay ctl tests/unit tests/load,$(wildcard $(d)/*.[ch]))

docs/errors.md: common/error.def tests/tools/errors_to_md
	tests/tools/errors_to_md $< >$@

# What tests/tools/check compiles with.
flags:
	@echo $(CC) $(ALL_CFLAGS) -I$(O)/include

clean: ## removes all that was made
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

-include $(shell find $(O) -name '*.d' 2>/dev/null)
