# Everything a person or a machine does with this project, one target each.
# Cargo builds the library, and only ever in release: librdkafka takes minutes, so once.

PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
INCLUDEDIR = $(PREFIX)/include
LUADIR = $(PREFIX)/share/lua/5.1
PKGCONFIGDIR = $(LIBDIR)/pkgconfig
# Nine tenths of both libraries are debug information. STRIP=true keeps it.
STRIP = strip -S
# What makes libkafka.so, which linkers look for.
LINK = ln -sf
# Where kafka.pc says the libraries are.
PC_LIBDIR = $(LIBDIR)

# Which OpenSSL. static: the machine's libssl.a, inside libkafka. bundled: one that is compiled, inside libkafka, which
# takes minutes. system: the machine's shared library, and its zlib.
OPENSSL_HERE := $(shell scripts/cargo --openssl)
OPENSSL = $(OPENSSL_HERE)

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
# The library's name, as build.rs has it: it ends in the version of the C interface.
SONAME := libkafka.so.$(shell sed -n 's/^pub const KAFKA_ABI_VERSION: u32 = \(.*\);/\1/p' src/ffi/version.rs)
LUA_FILES := $(shell find lua -name '*.lua')

# What rustc --print native-static-libs names; libc and libgcc the C compiler adds
# by itself, in the flavour that fits -static or not.
LIBS_PRIVATE = -lresolv -lutil -lrt -lpthread -lm -ldl

ifeq ($(filter static bundled system,$(OPENSSL)),)
$(error OPENSSL is static, bundled or system, not $(OPENSSL))
endif
TARGET_DIR := $(CURDIR)/target$(if $(filter-out $(OPENSSL_HERE),$(OPENSSL)),/$(OPENSSL)-openssl)
PC_REQUIRES := $(if $(filter system,$(OPENSSL)),libssl libcrypto zlib)
OUT := $(TARGET_DIR)/release

# What scripts/bootstrap installed comes first; a cargo by rustup need not be on PATH.
export PATH := $(CURDIR)/target/tools/bin:$(HOME)/.cargo/bin:$(PATH):/usr/sbin:/sbin
export CARGO_TARGET_DIR := $(TARGET_DIR)
export KAFKA_OPENSSL := $(OPENSSL)

# The vendored C libraries have Makefiles too, with a PREFIX and a DESTDIR of their own.
MAKEOVERRIDES :=
unexport PREFIX DESTDIR LIBDIR INCLUDEDIR LUADIR PKGCONFIGDIR PC_LIBDIR OPENSSL
# Make's variables for its own children are not for cargo, nor for the makes that it starts.
APART := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL
CARGO := $(APART) scripts/cargo

ifdef BROKERS
export BROKERS
endif
ifdef TOPIC
export TOPIC
endif

# Options of scripts/kafka, or 1 for none.
KAFKA =
RUN_WITH := $(if $(KAFKA),scripts/kafka with $(filter-out 1,$(KAFKA)))

.PHONY: help run kafka test test-lua test-openssl build header bench install install-rock uninstall clean distclean

help:
	@echo 'make run                     install what is missing, build, run the quickstart in an in-process cluster'
	@echo '     KAFKA=1                 ... on Apache Kafka, started and stopped for it'
	@echo '     BROKERS=host:port       ... on this cluster'
	@echo 'make test                    the same, and every test'
	@echo '     BROKERS=host:port       ... against this cluster'
	@echo 'make test-lua                what a change of Lua files alone can break, within 90 s'
	@echo 'make test-openssl            the builds with another OpenSSL than that'
	@echo 'make kafka                   Apache Kafka on loopback, until Ctrl-C'
	@echo '     KAFKA="--nodes 3 --version 3.9 --port 9092"'
	@echo 'make build                   $(OUT:$(CURDIR)/%=%)/libkafka.so and libkafka.a'
	@echo '     OPENSSL=system          ... with the shared OpenSSL of this machine; static: with its libssl.a, inside;'
	@echo '                             bundled: with one that is compiled, inside ($(OPENSSL_HERE) is the default here)'
	@echo 'make install                 header, libraries, kafka.pc and Lua files'
	@echo '     PREFIX=$(PREFIX)       ... also DESTDIR, LIBDIR, INCLUDEDIR, LUADIR'
	@echo 'make uninstall               removes them'
	@echo 'make header                  include/kafka.h, lua/kafka/cdef.lua and docs/C.md, from the Rust declarations'
	@echo 'make bench                   cost, as ratios to a C program on the same librdkafka'
	@echo '     BENCH=--docs            ... and into docs/PERFORMANCE.md, which says what else there is'
	@echo 'make clean                   removes what was built (distclean: also the tools in target/)'

run:
	@scripts/bootstrap run $(if $(RUN_WITH),kafka)
	@$(CARGO) build --release
	@LUA_PATH='lua/?.lua;;' KAFKA_LIBRARY='$(OUT)/libkafka.so' $(RUN_WITH) luajit examples/lua/quickstart.lua

kafka:
	@scripts/bootstrap kafka
	@exec scripts/kafka run $(filter-out 1,$(KAFKA))

test:
	@scripts/bootstrap test
	@$(APART) scripts/test

test-lua:
	@scripts/bootstrap test
	@$(APART) scripts/test lua

test-openssl:
	@scripts/bootstrap test
	@$(APART) scripts/test openssl

build:
	@scripts/bootstrap build
	@$(CARGO) build --release

header:
	@scripts/bootstrap build
	@$(APART) cargo xtask gen

bench:
	@scripts/bootstrap test
	@$(APART) benches/run $(BENCH)

# Only what is missing is built: `make && sudo make install` needs no cargo for root.
$(OUT)/libkafka.so $(OUT)/libkafka.a:
	@$(MAKE) --no-print-directory build OPENSSL=$(OPENSSL)

install: $(OUT)/libkafka.so $(OUT)/libkafka.a
	install -d '$(DESTDIR)$(INCLUDEDIR)' '$(DESTDIR)$(LIBDIR)' '$(DESTDIR)$(PKGCONFIGDIR)'
	install -m 644 include/kafka.h '$(DESTDIR)$(INCLUDEDIR)/kafka.h'
	install -m 755 $(OUT)/libkafka.so '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	$(STRIP) '$(DESTDIR)$(LIBDIR)/$(SONAME)'
	cd '$(DESTDIR)$(LIBDIR)' && $(LINK) $(SONAME) libkafka.so
	scripts/static-library $(OUT)/libkafka.a '$(DESTDIR)$(LIBDIR)/libkafka.a'
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(PC_LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	  -e 's|@VERSION@|$(VERSION)|' -e 's|@REQUIRES_PRIVATE@|$(PC_REQUIRES)|' \
	  -e 's|@LIBS_PRIVATE@|$(LIBS_PRIVATE)|' kafka.pc.in >'$(DESTDIR)$(PKGCONFIGDIR)/kafka.pc'
	chmod 644 '$(DESTDIR)$(PKGCONFIGDIR)/kafka.pc'
	for file in $(LUA_FILES:lua/%=%); do \
	  install -D -m 644 "lua/$$file" '$(DESTDIR)$(LUADIR)'/"$$file" || exit; \
	done
	[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || ldconfig

# Called by the rockspec. LuaRocks moves the rock's lua/ and lib/ to where Lua looks
# and leaves the rest in the rock, so kafka.pc has to find its way from there. It moves
# one file after the other by copying, and loses a link to one that it has moved.
install-rock: PKGCONFIGDIR = $(PREFIX)/pkgconfig
install-rock: PC_LIBDIR = $${pcfiledir}/../../../../../lua/5.1
install-rock: DESTDIR =
install-rock: LINK = cp
install-rock: install

uninstall:
	rm -f '$(DESTDIR)$(INCLUDEDIR)/kafka.h' '$(DESTDIR)$(LIBDIR)/libkafka.so' \
	  '$(DESTDIR)$(LIBDIR)/$(SONAME)' '$(DESTDIR)$(LIBDIR)/libkafka.a' '$(DESTDIR)$(PKGCONFIGDIR)/kafka.pc'
	for file in $(LUA_FILES:lua/%=%); do rm -f '$(DESTDIR)$(LUADIR)'/"$$file"; done
	rmdir '$(DESTDIR)$(LUADIR)'/kafka 2>/dev/null || true

clean:
	rm -rf target/release target/*-openssl

distclean:
	rm -rf target
