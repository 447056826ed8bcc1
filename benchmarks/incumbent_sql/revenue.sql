-- Grain: one row a window. Cost: the payments of the range. The application's own way: by when a
-- payment was begun, for which there is an index; windows are those of UTC.
SELECT
    {window} AS window_start,
    count(*) AS attempts,
    sum(CASE WHEN status IN ('completed', 'refunded') THEN 1 ELSE 0 END) AS captured,
    sum(CASE WHEN status IN ('completed', 'refunded') THEN amount ELSE 0 END) AS gross
FROM transactions
WHERE created_at >= $from AND created_at < $to
GROUP BY 1
ORDER BY 1
