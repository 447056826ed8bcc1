-- Grain: one row a component and step of time (UTC) in which it logged one of $levels. Table: logs.
-- Parameters: $from, $to (by happened_at), $origin_us, $step_us. Cost: one pass over the range.
SELECT
    component,
    (epoch_us(happened_at) - $origin_us) // $step_us AS bucket,
    count(*) AS count
FROM logs
WHERE happened_at >= $from AND happened_at < $to AND level IN $levels
GROUP BY component, bucket
ORDER BY component, bucket
