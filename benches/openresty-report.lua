--- Prints the rounds that benches/openresty has written down as a table.

-- contestant -> column -> values, round by round
local contestants, rounds_of = {}, {}
for line in io.lines(arg[1]) do
  local contestant, rest = line:match("^(%S+)\t(.*)$")
  local columns = rounds_of[contestant]
  if not columns then
    columns = { rate = {}, nginx = {}, threads = {}, sent = {}, delivered = {}, lost = {}, memory = {} }
    contestants[#contestants + 1], rounds_of[contestant] = contestant, columns
  end
  for name, value in rest:gmatch("(%a+)=(%S+)") do
    table.insert(columns[name], tonumber(value))
  end
end

local function sorted(values)
  local copy = { unpack(values) }
  table.sort(copy)
  return copy
end

local function median(values)
  return sorted(values)[math.floor(#values / 2) + 1]
end

local function sum(values)
  local total = 0
  for _, value in ipairs(values) do
    total = total + value
  end
  return total
end

--- Round by round, so that what else the machine does meets both sides.
local function each(values, others, operation)
  local found = {}
  for round, value in ipairs(values) do
    found[round] = operation(value, others[round])
  end
  return found
end

local function over(a, b)
  return a / b
end

local function plus(a, b)
  return a + b
end

local function minus(a, b)
  return a - b
end

print(
  ("%-20s | %8s %5s %-11s | %-37s | %9s %7s %6s"):format(
    "",
    "requests",
    "ratio",
    "min-max",
    "worker's CPU, us a request",
    "delivered",
    "lost",
    "memory"
  )
)
print(
  ("%-20s | %8s %5s %-11s | %5s %7s  %6s %-15s | %9s %7s %6s"):format(
    "",
    "a second",
    "",
    "",
    "nginx",
    "threads",
    "extra",
    "min-max",
    "",
    "",
    "MiB"
  )
)
local nothing = rounds_of[contestants[1]]
local line = rounds_of[contestants[2]]
for at, contestant in ipairs(contestants) do
  local columns = rounds_of[contestant]
  local ratios = each(columns.rate, nothing.rate, over)
  local costs = each(columns.nginx, columns.threads, plus)
  -- What logging costs, where there is a line anyway.
  local extra = each(costs, each(line.nginx, line.threads, plus), minus)
  local range = sorted(ratios)
  local row = ("%-20s | %8.0f %5.2f %-11s | %5.1f %7.1f "):format(
    contestant,
    median(columns.rate),
    median(ratios),
    ("%.2f-%.2f"):format(range[1], range[#range]),
    median(columns.nginx),
    median(columns.threads)
  )
  range = sorted(extra)
  if at > 2 then
    row = row
      .. (" %6.1f %-15s | %9d %7d"):format(
        median(extra),
        ("%.1f-%.1f"):format(range[1], range[#range]),
        sum(columns.delivered),
        sum(columns.lost)
      )
  else
    row = row .. (" %6s %-15s | %9s %7s"):format("", "", "", "")
  end
  print(row .. (" %6.1f"):format(columns.memory[#columns.memory]))
end
print([[

nothing: no log phase. line: one that puts the line together. The others send it as well: lua-resty-kafka as documented,
kafka.resty.producer in its place, and kafka.producer as in examples/openresty: with `send`, and with `produce`, a key
and this compression. ratio: of the requests a second to those with nothing, round by round. nginx: the thread that
serves requests; threads: librdkafka's and the library's; extra: of both, beyond a line that is not sent. Medians.]])
