-- Grain: one row a payment that may stand in a finding: every condition of reconcile.sql, without
-- ages. Tables: transactions (newest versions), disputes, bursts (transaction_id), throwaway (domain).
-- Parameters as there, and $samples; $since: abandoned ones before it are not asked for (NULL: they
-- are); $suspicious, $refunded, $sample_rows: whether these are. Cost: one pass over the payments begun
-- in the range, in which nothing is kept but what is found; ten million take 5 s, without suspicious
-- ones 1 s.
SELECT *
FROM transactions
WHERE
    NOT deleted
    AND ($from IS NULL OR created_at >= $from)
    AND ($to IS NULL OR created_at < $to)
    AND CASE
        WHEN coalesce(regexp_matches(transaction_id, $samples), false) THEN $sample_rows
        ELSE
            ($refunded AND status = 'refunded')
            OR (
                status IN ('pending', 'awaiting_payment')
                AND created_at >= coalesce($since, created_at)
            )
            OR (
                status = 'completed'
                AND NOT (coalesce(email_sent, true) AND coalesce(user_created, true))
            )
            OR (status IN ('failed', 'error') AND regexp_full_match(error_message, $captured_error))
            OR amount_column IS NULL
            OR amount_column <> amount_metadata
            OR currency_column <> currency_metadata
            OR ($suspicious AND (captured_amount > 1000 OR captured_amount <= 0.01))
            OR (
                $suspicious
                AND (
                    split_part(lower(trim(email)), '@', -1) IN (SELECT domain FROM throwaway)
                    OR lower(split_part(payer_email, '@', -1)) IN (SELECT domain FROM throwaway)
                    OR transaction_id IN (SELECT transaction_id FROM bursts)
                )
            )
            OR transaction_id IN (
                SELECT disputes.transaction_id
                FROM disputes
                WHERE NOT disputes.deleted AND disputes.status IN ('resolved', 'lost')
            )
    END
