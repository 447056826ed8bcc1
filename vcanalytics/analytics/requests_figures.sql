-- Grain: one row a window and name in which anything was measured. Begins with requests_cells.sql.
-- More parameters: $slow_ms; $error_bound. A percentile is read from the buckets: both ranks it lies
-- between, interpolated; a value of a bucket is taken to be its middle, never less than the least
-- or more than the most there was. Where one rank is below zero and the next above, no bound can be
-- given. Cost: a year of day cells of 20 endpoints 60 ms.
, totals AS (
    SELECT
        slot,
        coalesce(name, '') AS name,
        CAST(sum(count) AS BIGINT) AS count,
        CAST(sum(errors) AS BIGINT) AS errors,
        (fsum(total) + fsum(rest)) / sum(count) AS mean_ms,
        min(least) AS least_ms,
        max(most) AS max_ms
    FROM figures
    GROUP BY slot, coalesce(name, '')
),
buckets AS (
    SELECT slot, coalesce(name, '') AS name, bucket, sum(count) AS count
    FROM spread
    GROUP BY slot, coalesce(name, ''), bucket
),
ranked AS (
    SELECT
        buckets.slot,
        buckets.name,
        totals.count - 1 AS top,
        sum(buckets.count) OVER (
            PARTITION BY buckets.slot, buckets.name
            ORDER BY buckets.bucket
            ROWS UNBOUNDED PRECEDING
        ) AS upto,
        least(
            greatest(
                CASE
                    WHEN buckets.bucket = 0 THEN 0
                    WHEN abs(buckets.bucket) = $beyond
                        THEN sign(buckets.bucket) * CAST('infinity' AS DOUBLE)
                    ELSE
                        sign(buckets.bucket) * exp(
                            least(
                                (abs(buckets.bucket) - $first) * $log_width + $log_middle,
                                $log_largest
                            )
                        )
                END,
                totals.least_ms
            ),
            totals.max_ms
        ) AS middle_ms
    FROM buckets
    JOIN totals ON totals.slot = buckets.slot AND totals.name = buckets.name
),
ranks AS (
    SELECT
        slot,
        name,
        min(middle_ms) FILTER (WHERE upto > floor(0.5 * top)) AS p50_low,
        min(middle_ms) FILTER (WHERE upto > ceil(0.5 * top)) AS p50_high,
        min(middle_ms) FILTER (WHERE upto > floor(0.95 * top)) AS p95_low,
        min(middle_ms) FILTER (WHERE upto > ceil(0.95 * top)) AS p95_high,
        min(middle_ms) FILTER (WHERE upto > floor(0.99 * top)) AS p99_low,
        min(middle_ms) FILTER (WHERE upto > ceil(0.99 * top)) AS p99_high,
        max(0.5 * top - floor(0.5 * top)) AS p50_part,
        max(0.95 * top - floor(0.95 * top)) AS p95_part,
        max(0.99 * top - floor(0.99 * top)) AS p99_part
    FROM ranked
    GROUP BY slot, name
),
slow AS (
    SELECT
        spread.slot,
        coalesce(spread.name, '') AS name,
        CAST(sum(spread.count) AS BIGINT) AS slow
    FROM spread
    JOIN bands ON bands.band = spread.band
    WHERE bands.low_ms >= $slow_ms
    GROUP BY spread.slot, coalesce(spread.name, '')
)
SELECT
    totals.slot,
    totals.name,
    totals.count,
    totals.errors,
    CAST(totals.errors AS DOUBLE) / totals.count AS error_rate,
    totals.mean_ms,
    CASE
        WHEN p50_low = p50_high OR p50_part = 0 THEN p50_low
        ELSE p50_low + (p50_high - p50_low) * p50_part
    END AS p50_ms,
    CASE
        WHEN p95_low = p95_high OR p95_part = 0 THEN p95_low
        ELSE p95_low + (p95_high - p95_low) * p95_part
    END AS p95_ms,
    CASE
        WHEN p99_low = p99_high OR p99_part = 0 THEN p99_low
        ELSE p99_low + (p99_high - p99_low) * p99_part
    END AS p99_ms,
    totals.max_ms,
    'sketch' AS method,
    CASE
        WHEN p50_low < 0 AND p50_high > 0 THEN NULL
        WHEN p95_low < 0 AND p95_high > 0 THEN NULL
        WHEN p99_low < 0 AND p99_high > 0 THEN NULL
        ELSE CAST($error_bound AS DOUBLE)
    END AS error_bound,
    coalesce(slow.slow, 0) AS slow
FROM totals
JOIN ranks ON ranks.slot = totals.slot AND ranks.name = totals.name
LEFT JOIN slow ON slow.slot = totals.slot AND slow.name = totals.name
ORDER BY totals.slot, totals.name
