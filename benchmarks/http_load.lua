-- wrk's script: asks for the lines of a file in turn, each as good as the next, and says the outcome as one line of JSON.
--
--     wrk … -s http_load.lua http://host:port -- PATHS [statuses]

local requests, at, counts = {}, 0, {}
statuses = ""

function init(arguments)
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  if arguments[2] == "statuses" then
    -- Counted only when asked for: it makes the load dearer.
    response = function(status)
      counts[status] = (counts[status] or 0) + 1
      statuses = ""
      for one, n in pairs(counts) do
        statuses = statuses .. string.format('%s"%d": %d', statuses == "" and "" or ", ", one, n)
      end
    end
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.3f, "bytes": %d, "p50_ms": %.2f, "p90_ms": %.2f, "p99_ms": %.2f, "max_ms": %.2f, '
      .. '"statuses_above_399": %d, "broken": {"connect": %d, "read": %d, "write": %d, "timeout": %d}, "statuses": {%s}}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.status, errors.connect, errors.read, errors.write, errors.timeout, threads[1]:get("statuses")
  ))
end
