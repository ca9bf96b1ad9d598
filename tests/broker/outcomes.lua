-- What became of an item of an admin request, as the tests look at it.

local kafka = require("kafka")
local lines = require("lines")

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

-- Makes a topic, and waits until a broker has it, which is a moment after it was accepted.
function outcomes.make_topic(admin, topic)
  outcomes.succeeded(assert(admin:create_topics({ topic }, 30000))[topic.topic])
  for _ = 1, 1000 do
    local described = assert(admin:describe_topics({ topic.topic }, 30000))[topic.topic]
    if described.ok and described.partitions[1].leader >= 0 then
      return
    end
    lines.sleep(10)
  end
  error("no broker ever had the topic")
end

return outcomes
