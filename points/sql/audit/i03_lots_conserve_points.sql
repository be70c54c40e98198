-- What came into a lot is still there or went somewhere, and its counters are what its entries say.
WITH granted AS (
    SELECT lot_id, sum(amount)::bigint AS points FROM points_entry WHERE lot_id IS NOT NULL GROUP BY lot_id
), moved AS (
    SELECT c.lot_id,
        sum(CASE WHEN e.kind = 'spend' THEN c.points ELSE 0 END)::bigint AS spent,
        sum(CASE WHEN e.kind = 'refund' THEN -c.points ELSE 0 END)::bigint AS returned,
        sum(CASE WHEN e.kind = 'expire' THEN c.points ELSE 0 END)::bigint AS expired,
        sum(CASE WHEN e.kind IN ('take_back', 'repay') THEN c.points ELSE 0 END)::bigint AS taken_back
    FROM points_consumption c JOIN points_entry e ON e.id = c.entry_id GROUP BY c.lot_id
)
SELECT l.member_id, 'lot ' || l.id || ' ' || part.name, part.expected, part.actual
FROM points_lot l
LEFT JOIN granted g ON g.lot_id = l.id
LEFT JOIN moved m ON m.lot_id = l.id
CROSS JOIN LATERAL (VALUES
    ('conserves', l.remaining + l.spent + l.expired + l.taken_back, l.granted + l.returned),
    ('granted', coalesce(g.points, 0), l.granted),
    ('spent', coalesce(m.spent, 0), l.spent),
    ('returned', coalesce(m.returned, 0), l.returned),
    ('expired', coalesce(m.expired, 0), l.expired),
    ('taken back', coalesce(m.taken_back, 0), l.taken_back)
) AS part (name, expected, actual)
WHERE part.expected <> part.actual
