-- For wrk: photographs named after -- are posted in turns; one line of JSON in the end.
-- All requests are put together before the first is sent: wrk is to take as little time as it can.
local requests, at = {}, 0
function init(args)
  for _, path in ipairs(args) do
    local file = io.open(path, "rb")
    local kind = {["Content-Type"] = "image/jpeg"}
    requests[#requests + 1] = wrk.format("POST", "/v1/predict", kind, file:read("*a"))
    file:close()
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local failed = 0
  for _, count in pairs(summary.errors) do failed = failed + count end
  print(string.format('RESULT {"requests": %d, "failed": %d, "seconds": %f, "p50": %f, "p99": %f}',
    summary.requests, failed, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
