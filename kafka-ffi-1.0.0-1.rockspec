rockspec_format = "3.0"
package = "kafka-ffi"
version = "1.0.0-1"
source = {
   url = "git+https://github.com/kafka-ffi/kafka-ffi.git",
   tag = "v1.0.0",
}
description = {
   summary = "Kafka for LuaJIT, OpenResty and C",
   detailed = [[
      librdkafka behind a flat, checked C API and a pure-Lua shim over LuaJIT's
      FFI. Building it needs cargo, a C and a C++ compiler and make, on Debian
      libssl-dev and elsewhere perl; `make build` installs what a Debian machine lacks.
   ]],
   license = "MIT",
   homepage = "https://github.com/kafka-ffi/kafka-ffi",
   issues_url = "https://github.com/kafka-ffi/kafka-ffi/issues",
   labels = { "kafka", "luajit", "openresty", "ffi" },
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.1, < 5.2" }
build = {
   type = "command",
   -- LuaRocks puts its own CC into the environment, and a CC that comes and goes
   -- makes cargo build librdkafka anew.
   build_command = "env -u CC make build",
   install_command = 'make install-rock PREFIX="$(PREFIX)" LUADIR="$(LUADIR)" LIBDIR="$(LIBDIR)"',
}
