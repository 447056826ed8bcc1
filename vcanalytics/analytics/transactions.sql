-- The opening of questions about rows of payments; the question goes on with SELECT ... FROM found.
-- Table: transactions (current rows). Every filter is off where its parameter is NULL: $deleted,
-- $statuses (exact), $email (a fragment, literal, any case), $from, $to (by created_at), $least,
-- $most (captured amount), $currency, $order_id (PayPal order or payment), $search (a fragment of
-- ids, e-mails, user name or error, as store.newest.searched has it), $email_text (the same of
-- $email: who has that in one column has it in the text). {searched}: the text of a row. $samples as
-- in payments.sql, $with_samples: false leaves them out. Cost: one pass; a million rows that all are
-- looked through for a text take 70 ms, 200 where files have none yet.
WITH marked AS (
    SELECT *, coalesce(regexp_matches(transaction_id, $samples), false) AS sample
    FROM transactions
    WHERE
        deleted = coalesce($deleted, deleted)
        AND ($from IS NULL OR created_at >= $from)
        AND ($to IS NULL OR created_at < $to)
        AND ($statuses IS NULL OR list_contains(CAST($statuses AS VARCHAR[]), status))
        AND ($currency IS NULL OR currency = $currency)
        AND ($least IS NULL OR captured_amount >= $least)
        AND ($most IS NULL OR captured_amount <= $most)
),
found AS (
    SELECT *
    FROM marked
    WHERE
        ($with_samples OR NOT sample)
        AND (
            $email IS NULL
            OR (
                contains({searched}, CAST($email_text AS VARCHAR))
                AND (
                    contains(lower(email), lower($email))
                    OR contains(lower(payer_email), lower($email))
                )
            )
        )
        AND ($order_id IS NULL OR paypal_order_id = $order_id OR paypal_payment_id = $order_id)
        AND ($search IS NULL OR contains({searched}, CAST($search AS VARCHAR)))
)
