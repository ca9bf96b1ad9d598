--- Prints the rounds that benches/run has written down as a table of medians and ratios.

local MEASURE = "librdkafka"
local COLUMNS = {
  { "librdkafka", "C, librdkafka" },
  { "libkafka", "C, kafka.h" },
  { "luajit", "LuaJIT, kafka.lua" },
  { "prototype", "LuaJIT, librdkafka" },
}

-- label -> round -> contestant -> nanoseconds per message
local labels, rounds_of = {}, {}
for line in io.lines(arg[1]) do
  local label, round, contestant, ns = line:match("^(.-)\t(%d+)\t(%S+)\t(%S+)$")
  local rounds = rounds_of[label]
  if not rounds then
    rounds = {}
    labels[#labels + 1], rounds_of[label] = label, rounds
  end
  rounds[tonumber(round)] = rounds[tonumber(round)] or {}
  rounds[tonumber(round)][contestant] = tonumber(ns)
end

--- The values at these parts of the way from the least to the greatest.
local function quantiles(values, ...)
  table.sort(values)
  local found = {}
  for i, part in ipairs({ ... }) do
    found[i] = values[1 + math.floor(part * (#values - 1) + 0.5)]
  end
  return unpack(found)
end

--- Rounds that every contestant who took part finished without having to wait for the broker.
local function complete(rounds)
  local found, takes_part = {}, {}
  for _, round in ipairs(rounds) do
    for name in pairs(round) do
      takes_part[name] = true
    end
  end
  for _, round in ipairs(rounds) do
    local whole = true
    for name in pairs(takes_part) do
      whole = whole and round[name] ~= nil
    end
    found[#found + 1] = whole and round or nil
  end
  return found
end

local head, units = ("%-20s %6s"):format("", "rounds"), ("%-20s %6s"):format("", "")
for _, column in ipairs(COLUMNS) do
  local measure = column[1] == MEASURE
  head = head .. ("  | %-" .. (measure and 17 or 35) .. "s"):format(column[2])
  units = units
    .. ("  | %5s %11s"):format("ns", "min-max")
    .. (measure and "" or (" %5s %11s"):format("ratio", "quartiles"))
end
print((head:gsub("%s+$", "")))
print(units)

for _, label in ipairs(labels) do
  local rounds = complete(rounds_of[label])
  local row = ("%-20s %6d"):format(label, #rounds)
  for _, column in ipairs(COLUMNS) do
    local times, ratios = {}, {}
    for i, round in ipairs(rounds) do
      times[i] = round[column[1]]
      ratios[i] = times[i] and round[MEASURE] / times[i]
    end
    if #times > 0 then
      local least, median, most = quantiles(times, 0, 0.5, 1)
      row = row .. ("  | %5.0f %11s"):format(median, ("%.0f-%.0f"):format(least, most))
      if column[1] ~= MEASURE then
        local low, middle, high = quantiles(ratios, 0.25, 0.5, 0.75)
        row = row .. (" %5.2f %11s"):format(middle, ("%.2f-%.2f"):format(low, high))
      end
    end
  end
  print(row)
end
print(
  "\nns: of the calling thread's time per message, the median. ratio: that of C on librdkafka divided by it, round by"
)
print("round, the median; above 1 is faster than C. enqueue: until the last message is queued; deliver: until the last")
print("report has come; receive: from messages that are fetched already, into a buffer of C or a string of Lua.")
