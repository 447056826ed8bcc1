-- Goes on from failures_named.sql. Grain: one row a finding and pattern (currency NULL), and one a
-- finding, pattern and currency. Parameters: $from (what was created before it is looked at for what
-- is new alone), $limit: patterns, the most frequent ones. ``new``: in the range, and not before it;
-- NULL where no payment at all is known of then. Cost: that of the folds.
, counted AS (
    SELECT
        finding,
        pattern,
        currency,
        count(*) FILTER (WHERE created_at >= $from) AS count,
        count(DISTINCT customer) FILTER (WHERE created_at >= $from) AS customers,
        sum(captured_amount) FILTER (WHERE created_at >= $from) AS amount,
        min(created_at) FILTER (WHERE created_at >= $from) AS first_at,
        max(created_at) FILTER (WHERE created_at >= $from) AS last_at,
        arg_max(message, created_at) AS example,
        bool_or(created_at < $from) AS before
    FROM named
    GROUP BY GROUPING SETS ((finding, pattern), (finding, pattern, currency))
),
most AS (
    SELECT
        finding,
        pattern,
        count AS place,
        count / sum(count) OVER () AS share,
        CASE
            WHEN before THEN false
            WHEN EXISTS (
                SELECT 1 FROM payments WHERE created_at >= $since AND created_at < $from
            ) THEN true
        END AS new
    FROM counted
    WHERE currency IS NULL AND count > 0
    ORDER BY count DESC, finding, pattern
    LIMIT $limit
)
SELECT
    most.finding,
    most.pattern,
    counted.currency,
    counted.count,
    CASE WHEN counted.currency IS NULL THEN most.share END AS share,
    counted.customers,
    counted.amount,
    counted.first_at,
    counted.last_at,
    most.new,
    counted.example
FROM most
JOIN counted ON counted.finding = most.finding AND counted.pattern = most.pattern
WHERE counted.count > 0
ORDER BY
    most.place DESC, most.finding, most.pattern, counted.currency NULLS FIRST
