-- Clients that pause between their requests: the argument is their pause in milliseconds, on average.
function init(arguments)
  local pause = tonumber(arguments[1])
  if pause then
    -- Not the same for all of them: they would ask all at once.
    function delay()
      return math.random(0, 2 * pause)
    end
  end
end

-- Prints what a run of wrk found as one line of JSON. Latencies are in milliseconds.
function done(summary, latency)
  local errors = summary.errors
  io.write(
    string.format(
      '{"requests":%d,"seconds":%f,"bytes":%.0f,"p50":%f,"p99":%f,"failed":%d,"refused":%d}\n',
      summary.requests,
      summary.duration / 1e6,
      summary.bytes,
      latency:percentile(50) / 1000,
      latency:percentile(99) / 1000,
      errors.connect + errors.read + errors.write + errors.timeout,
      errors.status
    )
  )
end
