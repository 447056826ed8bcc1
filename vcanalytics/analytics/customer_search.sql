-- Grain: one row a payment, the newest first. Table: transactions (current rows; deleted ones too).
-- Parameters: $text (store.newest.searched), $limit. {searched}: the text of a row. Cost: one pass
-- over one column; what else is shown is read where anything fits.
SELECT
    created_at,
    captured,
    {searched} AS searched
FROM transactions
WHERE contains({searched}, CAST($text AS VARCHAR))
ORDER BY created_at DESC
LIMIT $limit
