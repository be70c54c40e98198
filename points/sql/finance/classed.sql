-- The groups of a day that hold or moved points. A source counts as what the longest prefix that fits it says.
SELECT %(on)s::date, groups.source, expires_month, coalesce(class.pool, 'marketing'), class.pool IS NOT NULL, opening,
    awarded, spent, refunded, expired, taken_back, repaid, transferred_out, transferred_in, adjusted, closing
FROM groups
LEFT JOIN LATERAL (
    SELECT pool FROM points_sourceclass WHERE starts_with(groups.source, prefix) ORDER BY length(prefix) DESC LIMIT 1
) AS class ON true
WHERE (opening, awarded, spent, refunded, expired, taken_back, repaid, transferred_out, transferred_in, adjusted)
    <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
