-- Goes on from logs.sql. Grain: one row a log row, the newest first. Parameter: $limit.
SELECT
    happened_at, level, component, message, details, user_email, transaction_id, source_id
FROM found
ORDER BY happened_at DESC, source_id DESC NULLS LAST
LIMIT $limit
