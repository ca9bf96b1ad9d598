std = "luajit"
max_line_length = 120
exclude_files = { "target" }

-- Generated; its long lines are C comments.
files["lua/kafka/cdef.lua"] = { max_line_length = false }

-- `require "kafka"` sets a global, and the tests of sandbox hosts play the host.
files["tests"] = { globals = { "kafka", "read_message", "update_checkpoint" } }
files["examples"] = { read_globals = { "kafka" } }
files["benches"] = { read_globals = { "kafka" } }

-- Inside nginx.
files["tests/defects"] = { std = "+ngx_lua" }
files["tests/openresty"] = { std = "+ngx_lua" }
files["examples/openresty"] = { std = "+ngx_lua" }
files["benches/openresty.lua"] = { std = "+ngx_lua" }
