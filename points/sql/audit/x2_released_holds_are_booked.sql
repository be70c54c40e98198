-- A released hold has exactly its award in the books, and a hold that waits or was cancelled has none.
SELECT h.member_id, 'hold ' || h.id,
    CASE WHEN h.status = 'released' THEN h.points - h.cancelled ELSE 0 END, coalesce(e.amount, 0)
FROM points_hold h
LEFT JOIN points_entry e ON e.member_id = h.member_id AND e.key = h.key
WHERE coalesce(e.amount, 0) <> CASE WHEN h.status = 'released' THEN h.points - h.cancelled ELSE 0 END
