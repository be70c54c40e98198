-- The lifetime totals are what the entries add up to. Points given to another member are not spent.
SELECT a.member_id, total.name, total.expected, total.actual
FROM points_account a
LEFT JOIN (
    SELECT member_id,
        sum(CASE WHEN kind = 'award' THEN amount ELSE 0 END)::bigint AS earned,
        sum(CASE WHEN kind IN ('spend', 'refund') AND counterparty <> 'transfer' THEN -amount ELSE 0 END)::bigint
            AS spent,
        sum(CASE WHEN kind = 'expire' THEN -amount ELSE 0 END)::bigint AS expired
    FROM points_entry GROUP BY member_id
) e USING (member_id)
CROSS JOIN LATERAL (VALUES
    ('earned in all', coalesce(e.earned, 0), a.earned_total),
    ('spent in all', coalesce(e.spent, 0), a.spent_total),
    ('expired in all', coalesce(e.expired, 0), a.expired_total)
) AS total (name, expected, actual)
WHERE total.expected <> total.actual
