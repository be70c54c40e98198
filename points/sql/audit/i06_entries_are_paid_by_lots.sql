-- Every entry's shares by lot add up to its amount, all on its side, and no spend was given back (nor award taken
-- back, nor transfer reversed) beyond what it was.
SELECT e.member_id, 'entry ' || e.id, e.amount, coalesce(s.points, 0)
FROM points_entry e
CROSS JOIN LATERAL (
    SELECT sum(share.points)::bigint AS points, coalesce(bool_and(sign(share.points) = sign(e.amount)), true) AS one_way
    FROM unnest(e.lot_ids, e.lot_points) AS share (lot_id, points)
) s
WHERE coalesce(s.points, 0) <> e.amount OR NOT s.one_way OR cardinality(e.lot_ids) <> cardinality(e.lot_points)
UNION ALL
SELECT e.member_id, 'entry ' || e.id || ' reversed', abs(e.amount), r.reversed
FROM points_entry e
JOIN (
    SELECT member_id, reverses_id, sum(abs(amount) + debt_change)::bigint AS reversed
    FROM points_entry WHERE reverses_id IS NOT NULL GROUP BY member_id, reverses_id
) r ON r.reverses_id = e.id
WHERE r.reversed > abs(e.amount) OR r.member_id <> e.member_id
