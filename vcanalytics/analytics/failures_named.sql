-- Goes on from failures.sql and folds.sql. Grain: ``named`` has one row a payment that failed, with
-- the ``pattern`` of its message.
, named AS (
    SELECT found.*, folds.folded AS pattern
    FROM found
    JOIN folds ON folds.text = found.message
)
