-- Opens a question about runs (outages_runs.sql): VectorCraft's checks of one component. Table:
-- health. Parameters: $component, $from, $to (by happened_at). Cost: one pass over the range.
WITH checks AS (
    SELECT
        component AS series,
        happened_at AS seen_at,
        status = 'critical' AS bad,
        coalesce(error_message, '') AS said
    FROM health
    WHERE component = $component AND happened_at >= $from AND happened_at < $to
)
