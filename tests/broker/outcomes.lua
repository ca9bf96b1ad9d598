-- What became of an item of an admin request, as the tests look at it.

local kafka = require("kafka")

local outcomes = {}

function outcomes.succeeded(outcome)
  assert(outcome.ok == true, outcome.err)
  assert(outcome.err == nil and outcome.code == nil)
  return outcome
end

-- It failed with the error of this name, and says why.
function outcomes.failed(outcome, name)
  assert(outcome.ok == false, "it succeeded")
  assert(outcome.code == kafka.err[name], outcome.err)
  assert(type(outcome.err) == "string" and outcome.err ~= "")
end

return outcomes
