-- Goes on from activity.sql. Grain: one row an event, the newest first. Parameter: $kinds: those
-- alone, or NULL; $limit.
SELECT
    happened_at,
    kind,
    outcome,
    person,
    user_id,
    username,
    email,
    description,
    file_name,
    size_bytes,
    strategy,
    duration_ms,
    source
FROM events
WHERE $kinds IS NULL OR list_contains(CAST($kinds AS VARCHAR[]), kind)
ORDER BY happened_at DESC, kind, source, source_id DESC NULLS LAST
LIMIT $limit
