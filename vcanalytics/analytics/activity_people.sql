-- Goes on from activity.sql. Grain: one row a person, with that person's last event, the last seen
-- first. Parameter: $limit.
, placed AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY person ORDER BY happened_at DESC, kind, source, source_id DESC NULLS LAST
        ) AS place,
        count(*) OVER (PARTITION BY person) AS events,
        min(happened_at) OVER (PARTITION BY person) AS first_at
    FROM events
    WHERE person IS NOT NULL
)
SELECT
    person,
    user_id,
    username,
    email,
    first_at,
    happened_at AS last_at,
    kind,
    outcome,
    description,
    events
FROM placed
WHERE place = 1
ORDER BY last_at DESC, person
LIMIT $limit
