-- Every debit was paid by lots to the point, every refund went back to lots to the point, and no spend was given
-- back (nor award taken back) beyond what it was.
SELECT e.member_id, 'entry ' || e.id, -e.amount, coalesce(c.points, 0)
FROM points_entry e
LEFT JOIN (SELECT entry_id, sum(points)::bigint AS points FROM points_consumption GROUP BY entry_id) c
    ON c.entry_id = e.id
WHERE e.kind <> 'award' AND coalesce(c.points, 0) <> -e.amount
UNION ALL
SELECT e.member_id, 'entry ' || e.id || ' reversed', abs(e.amount), r.reversed
FROM points_entry e
JOIN (
    SELECT reverses_id, sum(abs(amount) + debt_change)::bigint AS reversed
    FROM points_entry WHERE reverses_id IS NOT NULL GROUP BY reverses_id
) r ON r.reverses_id = e.id
WHERE r.reversed > abs(e.amount)
