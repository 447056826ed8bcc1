-- Opens every question about activity; the question goes on with ", name AS (" or SELECT ... FROM
-- events. Tables: activity; echoing (source, rank): tables that tell of what another one tells too.
-- Parameters: $from, $to (by happened_at); $since, $until: the same, each $echo_us further out;
-- $refused: the kind of a sign-in that was refused.
--   events  one row an event that counts, with person: the e-mail, trimmed and in lower case, else
--           'user ' and the id, NULL where neither is known or someone was only refused
-- VectorCraft records a sign-in or a vectorisation in a table of its own and logs it besides: a row
-- is left out where a table of lower rank has the same kind of event of the same person within
-- $echo_us. Cost: one sort of the events in range; 1,000,000 take 0.5 s.
WITH told AS (
    SELECT
        activity.*,
        CASE WHEN activity.kind <> $refused THEN
            coalesce(nullif(lower(trim(activity.email)), ''), 'user ' || activity.user_id)
        END AS person,
        coalesce(echoing.rank, 0) AS rank
    FROM activity
    LEFT JOIN echoing ON echoing.source = activity.source
    WHERE activity.happened_at >= $since AND activity.happened_at < $until
),
ranked AS (
    SELECT
        *,
        min(rank) OVER (
            PARTITION BY person, kind
            ORDER BY epoch_us(happened_at)
            RANGE BETWEEN $echo_us PRECEDING AND $echo_us FOLLOWING
        ) AS first_rank
    FROM told
),
events AS (
    SELECT *
    FROM ranked
    WHERE
        happened_at >= $from
        AND happened_at < $to
        AND (person IS NULL OR rank = first_rank)
)
