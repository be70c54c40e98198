-- The balance is what remains in the lots, and pending what still waits in the holds.
SELECT coalesce(a.member_id, l.member_id), 'balance', coalesce(l.remaining, 0)::bigint, coalesce(a.balance, 0)
FROM points_account a
FULL JOIN (SELECT member_id, sum(remaining) AS remaining FROM points_lot GROUP BY member_id) l USING (member_id)
WHERE coalesce(a.balance, 0) <> coalesce(l.remaining, 0)
UNION ALL
SELECT coalesce(a.member_id, h.member_id), 'pending', coalesce(h.waiting, 0)::bigint, coalesce(a.pending, 0)
FROM points_account a
FULL JOIN (
    SELECT member_id, sum(points - cancelled) AS waiting FROM points_hold WHERE status = 'waiting' GROUP BY member_id
) h USING (member_id)
WHERE coalesce(a.pending, 0) <> coalesce(h.waiting, 0)
