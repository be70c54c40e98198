-- What came into a lot is still there or went somewhere, and its counters are what its entries say.
WITH moved AS (
    SELECT share.lot_id,
        coalesce(sum(share.points) FILTER (WHERE e.kind <> 'refund' AND share.points > 0), 0)::bigint AS granted,
        coalesce(sum(share.points) FILTER (WHERE e.kind = 'refund'), 0)::bigint AS returned,
        coalesce(-sum(share.points) FILTER (WHERE e.kind IN ('spend', 'transfer_out')), 0)::bigint AS spent,
        coalesce(-sum(share.points) FILTER (WHERE e.kind = 'expire'), 0)::bigint AS expired,
        coalesce(-sum(share.points) FILTER (
            WHERE e.kind IN ('take_back', 'repay', 'adjust') AND share.points < 0), 0)::bigint AS taken_back
    FROM points_entry e CROSS JOIN LATERAL unnest(e.lot_ids, e.lot_points) AS share (lot_id, points)
    GROUP BY share.lot_id
)
SELECT coalesce(l.member_id, 0), 'lot ' || coalesce(l.id, m.lot_id) || ' ' || part.name, part.expected, part.actual
FROM points_lot l
FULL JOIN moved m ON m.lot_id = l.id
CROSS JOIN LATERAL (VALUES
    ('conserves', l.remaining + l.spent + l.expired + l.taken_back, l.granted + l.returned),
    ('granted', coalesce(m.granted, 0), coalesce(l.granted, 0)),
    ('spent', coalesce(m.spent, 0), coalesce(l.spent, 0)),
    ('returned', coalesce(m.returned, 0), coalesce(l.returned, 0)),
    ('expired', coalesce(m.expired, 0), coalesce(l.expired, 0)),
    ('taken back', coalesce(m.taken_back, 0), coalesce(l.taken_back, 0))
) AS part (name, expected, actual)
WHERE part.expected <> part.actual
