-- Grain: one row a log row that names one of the payments or holds one of the messages, the newest
-- first. Tables: logs, payments (transaction_id), messages (message). Parameters: $from, $to (by
-- happened_at), $limit. Cost: one pass over the range, its messages once for each that is asked for.
SELECT happened_at, level, component, message, user_email, transaction_id
FROM logs
WHERE
    happened_at >= $from
    AND happened_at < $to
    AND (
        transaction_id IN (SELECT transaction_id FROM payments)
        OR EXISTS (SELECT 1 FROM messages WHERE contains(logs.message, messages.message))
    )
ORDER BY happened_at DESC, source_id DESC NULLS LAST
LIMIT $limit
