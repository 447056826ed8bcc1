-- Grain: one row a window and band in which anything lies. Begins with requests_cells.sql. Buckets
-- are parted at the edges of bands, so that counts are exact.
SELECT
    spread.slot,
    bands.low_ms,
    bands.high_ms,
    CAST(sum(spread.count) AS BIGINT) AS count
FROM spread
JOIN bands ON bands.band = spread.band
GROUP BY spread.slot, bands.low_ms, bands.high_ms
ORDER BY spread.slot, bands.low_ms
