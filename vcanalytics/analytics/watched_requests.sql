-- Grain: one row a kind, edge (a moment that looks back over $each steps) and endpoint of which
-- anything was measured. Table: requests. Parameters: $kinds, $from, $to (by happened_at), $origin_us,
-- $step_us, $edges: how many there are; $fine: statuses that are no errors. Cost: one pass over the
-- rows of the range, each as often as windows overlap.
WITH measured AS (
    SELECT
        kind,
        endpoint,
        value_ms,
        status NOT IN $fine AS failed,
        (epoch_us(happened_at) - $origin_us) // $step_us AS bucket
    FROM requests
    WHERE kind IN $kinds AND happened_at >= $from AND happened_at < $to
),
seen AS (
    SELECT
        unnest(range(greatest(bucket - $each + 1, 0), least(bucket + 1, $edges))) AS edge,
        kind,
        endpoint,
        value_ms,
        failed
    FROM measured
)
SELECT
    kind,
    edge,
    endpoint,
    count(*) AS count,
    count(*) FILTER (WHERE failed) AS errors,
    favg(value_ms) AS mean_ms,
    quantile_cont(value_ms, 0.95) AS p95_ms
FROM seen
GROUP BY kind, edge, endpoint
ORDER BY kind, edge, endpoint
