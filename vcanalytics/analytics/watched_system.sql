-- Grain: one row a measure, host, item and step of time (UTC) in which one of $measures was sampled. Table: system.
-- Parameters: $from, $to (by happened_at), $origin_us, $step_us. Cost: one pass over the range; a
-- sample a second for 30 days takes 0.3 s.
SELECT
    measure,
    host,
    item,
    (epoch_us(happened_at) - $origin_us) // $step_us AS bucket,
    count(*) AS count,
    fsum(value) AS total
FROM system
WHERE measure IN $measures AND happened_at >= $from AND happened_at < $to
GROUP BY measure, host, item, bucket
ORDER BY measure, host, item, bucket
