-- Grain: one row a mail that went out or did not, in order; ``bad``: it failed or came back. Table:
-- mails (newest versions). Parameters: $from, $to (by created_at). Cost: the order of the mails.
SELECT
    epoch_us(created_at) AS at_us,
    status IN ('failed', 'bounced') OR bounced_at IS NOT NULL AS bad
FROM mails
WHERE
    NOT deleted
    AND status NOT IN ('pending', 'simulated')
    AND created_at >= $from
    AND created_at < $to
ORDER BY created_at
