-- Runs a scenario: luajit run.lua FILE SCENARIO [ARGUMENT...]. It returns how the invariant is broken, which ends the
-- program with 3, or nil where it holds.

local directory = arg[0]:match("^(.*/)") or ""
local broken = dofile(directory .. arg[1] .. ".lua")[arg[2]](unpack(arg, 3))
if broken then
  io.stderr:write("broken: ", broken, "\n")
  os.exit(3)
end
