-- example.lua BROKERS TOPIC GROUP <SCRIPT
-- Runs a document's examples, which know these by name.

local script = "local brokers, topic, group = ...\n" .. io.read("*a")
assert(loadstring(script, "=examples"))(arg[1], arg[2], arg[3])
