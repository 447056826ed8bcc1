-- Grain: one row. Cost: one look-up by the unique index.
SELECT * FROM transactions WHERE transaction_id = $id
