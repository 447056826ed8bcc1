-- PayPal's ids of payments. Grain: one row a payment and id that any kept version of it named in its
-- metadata (a refund overwrites them, an earlier version still has them). Table: versions
-- (transaction_id, metadata). Cost: one pass over the metadata of the versions, a second a million.
SELECT DISTINCT
    transaction_id,
    regexp_extract(metadata, '"paypal_transaction_id"\s*:\s*"([^"\\]+)"', 1) AS paypal_id
FROM versions
WHERE metadata LIKE '%"paypal_transaction_id"%' AND paypal_id <> ''
