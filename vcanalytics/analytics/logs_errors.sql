-- Goes on from logs.sql and folds.sql. Grain: one row a level, component and folded message, the
-- newest first. Parameter: $limit. Cost: that of the folds.
SELECT
    found.level,
    found.component,
    folds.folded AS message,
    arg_max(found.message, found.happened_at) AS example,
    count(*) AS count,
    min(found.happened_at) AS first_at,
    max(found.happened_at) AS last_at
FROM found
JOIN folds ON folds.text = coalesce(found.message, '')
GROUP BY found.level, found.component, folds.folded
ORDER BY last_at DESC, count DESC, folds.folded
LIMIT $limit
