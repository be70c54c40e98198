-- A released hold has exactly its award in the books, a hold that waits or was cancelled has none; and what was taken
-- off a hold is what its changes say.
SELECT h.member_id, 'hold ' || h.id,
    CASE WHEN h.status = 'released' THEN h.points - h.cancelled ELSE 0 END, coalesce(e.amount, 0)
FROM points_hold h
LEFT JOIN points_entry e ON e.member_id = h.member_id AND e.key = h.key
WHERE coalesce(e.amount, 0) <> CASE WHEN h.status = 'released' THEN h.points - h.cancelled ELSE 0 END
UNION ALL
SELECT h.member_id, 'hold ' || h.id || ' cancelled', coalesce(c.cancelled, 0), h.cancelled
FROM points_hold h
LEFT JOIN (SELECT hold_id, sum(cancelled)::bigint AS cancelled FROM points_holdchange GROUP BY hold_id) c
    ON c.hold_id = h.id
WHERE h.cancelled <> coalesce(c.cancelled, 0)
