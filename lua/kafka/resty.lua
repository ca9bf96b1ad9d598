--- Clients that a worker's requests share, by name: made where they are first asked for, the same ones from then on,
--- and replaced when they are asked for with another configuration. For nginx.

local check = require("kafka.check")
local compare = require("kafka.resty.compare")
local constructors = require("kafka.client").constructors
local phase = require("kafka.nginx.phase")
local task = require("kafka.nginx.task")

require("kafka.producer")
require("kafka.consumer")
require("kafka.admin")

local ngx = rawget(_G, "ngx")

local resty = {
  --- How long a client that has been replaced is kept after its last use, in milliseconds: for requests that have it,
  --- and for those that still ask for it.
  grace_ms = 30000,
}

-- How long closing one that has been replaced may take; and where the worker is to end.
local CLOSE_MS = 10000
local LAST_CLOSE_MS = 2000

---@class kafka.resty.Entry
---@field client kafka.Client
---@field given any[] what it was made with, copied
---@field used number when it was last asked for, in seconds
---@field retiring boolean whether it has been replaced

---@type table<string, table<string, kafka.resty.Entry[]>> by kind and name
local shared = { producer = {}, consumer = {}, admin = {} }

--- Of the arguments that each kind of client is made with.
local ARGUMENTS = {
  producer = { "brokers", "properties", "options" },
  consumer = { "brokers", "topics", "properties", "topic_properties", "options" },
  admin = { "brokers", "properties", "options" },
}

local function changed(kind, given, ...)
  for at, name in ipairs(ARGUMENTS[kind]) do
    local found = compare.difference(given[at], (select(at, ...)), name)
    if found ~= nil then
      return tostring(found)
    end
  end
end

local function remove(entries, entry)
  for at = #entries, 1, -1 do
    if entries[at] == entry then
      table.remove(entries, at)
    end
  end
end

local function close(kind, name, entry, timeout_ms)
  local closed, text, _, lost = entry.client:close(timeout_ms)
  if not closed then
    local what = lost and lost .. " messages were not delivered: " or ""
    ngx.log(ngx.ERR, "kafka: closing the ", kind, " '", name, "' that has been replaced: ", what, text)
  end
end

--- Closes a client that has been replaced, once it has not been asked for for some time.
local function retire(premature, kind, name, entry)
  -- In whole milliseconds, as nginx counts: less would fire again and again before the clock goes on.
  local left_ms = math.ceil(resty.grace_ms - (ngx.now() - entry.used) * 1000)
  if left_ms > 0 and not premature and ngx.timer.at(left_ms / 1000, retire, kind, name, entry) then
    return
  end
  remove(shared[kind][name], entry)
  close(kind, name, entry, premature and LAST_CLOSE_MS or CLOSE_MS)
end

--- Has all clients retire that there are of a name.
local function replace(kind, name, entries)
  for at = #entries, 1, -1 do
    local entry = entries[at]
    if not entry.retiring then
      entry.retiring = true
      if not ngx.timer.at(resty.grace_ms / 1000, retire, kind, name, entry) then
        -- No timer to be had: the collector closes it.
        remove(entries, entry)
      end
    end
  end
end

--- The client of an entry, unless it has been closed. That is a use of it.
---@param entry kafka.resty.Entry
---@return kafka.Client?
local function held(entry)
  local client = entry.client
  if client.handle and not client.is_closing then
    entry.used = ngx.now()
    return client
  end
end

--- The client of this kind and name that was made with these arguments, and its entry, if there is one.
local function find(kind, name, ...)
  local entries = shared[kind][name] or {}
  for at = 1, #entries do
    local entry = entries[at]
    if not changed(kind, entry.given, ...) then
      local client = held(entry)
      if client then
        return client, entry
      end
      table.remove(entries, at)
      break
    end
  end
end

--- Arguments as they are now: their tables are the caller's.
local function copied(kind, ...)
  local given = {}
  for at = 1, #ARGUMENTS[kind] do
    given[at] = compare.copy((select(at, ...)))
  end
  return given
end

--- Puts a client in the place of the one before.
local function add(kind, name, client, ...)
  local entries = shared[kind][name] or {}
  local newest = entries[#entries]
  if newest then
    local key = changed(kind, newest.given, ...)
    ngx.log(ngx.WARN, "kafka: the ", kind, " '", name, "' is replaced, as its configuration has changed: ", key)
    replace(kind, name, entries)
  end
  local entry = { client = client, given = copied(kind, ...), used = ngx.now(), retiring = false }
  entries[#entries + 1] = entry
  shared[kind][name] = entries
  return client, entry
end

--- Makes a client.
local function make(kind, name, aside, ...)
  local arguments, count = { ... }, #ARGUMENTS[kind]
  arguments[count + 1] = aside
  local client = constructors[kind](unpack(arguments, 1, count + 1))
  local other, entry = find(kind, name, ...)
  if other then
    -- Made meanwhile by a caller that could not wait.
    client:close(LAST_CLOSE_MS)
    return other, entry
  end
  return add(kind, name, client, ...)
end

--- What is being made, by kind and name: the arguments of each.
---@type table<string, table<string, any[][]>>
local wanted = { producer = {}, consumer = {}, admin = {} }

local function make_wanted(kind, name, given)
  local made, client, entry = pcall(make, kind, name, phase.may_yield(), unpack(given, 1, #ARGUMENTS[kind]))
  remove(wanted[kind][name], given)
  if not made then
    error(client, 0)
  end
  return client, entry
end

--- Has a client made without holding the worker up. Those that ask for the same meanwhile wait for it as well.
local function make_once(kind, name, ...)
  local list = wanted[kind][name] or {}
  wanted[kind][name] = list
  for _, given in ipairs(list) do
    if not changed(kind, given, ...) then
      return select(2, task.run(given, -1, make_wanted, kind, name, given))
    end
  end
  local given = copied(kind, ...)
  list[#list + 1] = given
  return select(2, task.run(given, -1, make_wanted, kind, name, given))
end

--- The client of this kind and name that was made with these arguments, and its entry; it is made if there is none.
local function get(kind, name, ...)
  if not phase.is_nginx then
    error(("kafka.resty.%s: this is not nginx: use kafka.%s"):format(kind, kind), 0)
  end
  local client, entry = find(kind, name, ...)
  if client then
    return client, entry
  end
  return make_once(kind, name, ...)
end

--- The worker's producer of this name. The first call makes it; later ones return the same as long as the other
--- arguments say the same, and otherwise make a new one: the one before is closed in the background, after `grace_ms`
--- without use. Handlers are the same if they are the same code: the first one stays, so let it not refer to a request.
---
--- Waits for no broker; while the producer is made it gives way, where it can. Call it where you need the producer, in
--- any phase but init, and do not keep it for longer. Throws as kafka.producer does.
---@param name string
---@param brokers string "host:port,host:port"
---@param properties? kafka.Properties
---@param options? kafka.ProducerOptions
---@return kafka.Producer
function resty.producer(name, brokers, properties, options)
  name = check.string(1, name)
  brokers = check.c_string(2, brokers)
  check.optional_table(3, properties)
  check.optional_table(4, options)
  local client = get("producer", name, brokers, properties, options)
  return client
end

--- This library's own, for a caller that asks for a producer with the same arguments again and again: its entry, and
--- what `held` is to be asked then.
---@return kafka.resty.Entry
function resty.hold_producer(name, brokers, properties, options)
  local _, entry = get("producer", name, brokers, properties, options)
  return entry
end

resty.held = held

--- The worker's consumer of this name, as `producer` does. It is one member of its group: for light threads that take
--- turns at one consumer, as in a loop of a timer's.
---
--- Throws as kafka.consumer does.
---@param name string
---@param brokers string
---@param topics? string[]
---@param properties kafka.Properties
---@param topic_properties? kafka.Properties
---@param options? kafka.ConsumerOptions
---@return kafka.Consumer
function resty.consumer(name, brokers, topics, properties, topic_properties, options)
  name = check.string(1, name)
  brokers = check.c_string(2, brokers)
  check.optional_table(3, topics)
  check.table(4, properties)
  check.optional_table(5, topic_properties)
  check.optional_table(6, options)
  local client = get("consumer", name, brokers, topics, properties, topic_properties, options)
  return client
end

--- The worker's admin client of this name, as `producer` does.
---
--- Throws as kafka.admin does.
---@param name string
---@param brokers string
---@param properties? kafka.Properties
---@param options? kafka.ClientOptions
---@return kafka.Admin
function resty.admin(name, brokers, properties, options)
  name = check.string(1, name)
  brokers = check.c_string(2, brokers)
  check.optional_table(3, properties)
  check.optional_table(4, options)
  local client = get("admin", name, brokers, properties, options)
  return client
end

return resty
