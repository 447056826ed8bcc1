-- Grain: one row a buyer with more than one attempt within an hour of the clock, by a hash of the
-- address: of four attempts within an hour two share one, and few others have as many. Table:
-- transactions (newest versions). Parameter: $samples. Cost: one pass over the addresses.
SELECT DISTINCT buyer
FROM (
    SELECT hash(lower(trim(email))) AS buyer, epoch_us(created_at) // 3600000000 AS clock_hour
    FROM transactions
    WHERE NOT deleted AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
    GROUP BY buyer, clock_hour
    HAVING count(*) > 1
)
