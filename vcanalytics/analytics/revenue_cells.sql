-- The opening of revenue.sql where the books answer: what happened in each window, as it was booked.
-- Grain: one row a window and currency in which anything did. Table: booked (window_start, currency,
-- the counts; gross and refunds in ten-thousandths, what lies above 10^9 in gross_high and
-- refunds_high). Cost: one pass over it.
WITH happened AS (
    SELECT
        window_start,
        currency,
        attempts,
        attempts_captured,
        failed,
        captured,
        CAST(gross_high AS HUGEINT) * 1000000000 + gross AS gross,
        refunded,
        CAST(refunds_high AS HUGEINT) * 1000000000 + refunds AS refunds
    FROM booked
)
