--- kafka.null: stands for a null where nil would mean that there is nothing.

return setmetatable({}, {
  __newindex = function()
    error("kafka.null cannot be changed", 2)
  end,
  __tostring = function()
    return "kafka.null"
  end,
})
