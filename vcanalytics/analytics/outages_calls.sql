-- Opens a question about runs (outages_runs.sql): calls of PayPal's API, by endpoint. Table:
-- requests. Parameters: $kind, $from, $to (by happened_at). Cost: one pass over the range.
WITH checks AS (
    SELECT
        endpoint AS series,
        happened_at AS seen_at,
        status IN ('unhealthy', 'error') AS bad,
        status AS said
    FROM requests
    WHERE kind = $kind AND happened_at >= $from AND happened_at < $to
)
