-- Goes on from failures_named.sql. Grain: one row an exact message of a pattern, the most frequent
-- first. Parameters: $finding, $pattern, $limit.
SELECT
    message, count(*) AS count, min(created_at) AS first_at, max(created_at) AS last_at
FROM named
WHERE finding = $finding AND pattern = $pattern
GROUP BY message
ORDER BY count DESC, message
LIMIT $limit
