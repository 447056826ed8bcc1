-- Grain: one row a moment at which too many mails of the $window before it failed or came back: at
-- least $share of at least $least, the newest of them. Table: mails (newest versions). Parameters:
-- $from, $to (by created_at), $limit. ``since`` is the first of those that failed in the window,
-- ``good_at`` the next mail that did not, NULL where none came. Cost: the order of the mails.
WITH told AS (
    SELECT
        created_at,
        status = 'failed' OR status = 'bounced' OR bounced_at IS NOT NULL AS bad
    FROM mails
    WHERE
        NOT deleted
        AND status NOT IN ('pending', 'simulated')
        AND created_at >= $from
        AND created_at < $to
),
counted AS (
    SELECT
        created_at,
        bad,
        count(*) OVER around AS mails,
        count(*) FILTER (WHERE bad) OVER around AS failed,
        min(created_at) FILTER (WHERE bad) OVER around AS since,
        min(created_at) FILTER (WHERE NOT bad) OVER later AS good_at
    FROM told
    WINDOW
        around AS (
            ORDER BY created_at RANGE BETWEEN $window PRECEDING AND CURRENT ROW
        ),
        later AS (
            ORDER BY created_at RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        )
)
SELECT created_at, since, mails, failed, good_at
FROM counted
WHERE bad AND mails >= $least AND failed >= $share * mails
ORDER BY created_at
LIMIT $limit
