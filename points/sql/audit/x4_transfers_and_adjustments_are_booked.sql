-- Every transfer left one member and reached another, every reversal came back, and every booked adjustment is there;
-- none that was not booked is.
WITH expected (member_id, key, points) AS (
    SELECT member_id, 'transfer:' || id, -points FROM points_transfer
    UNION ALL SELECT to_member_id, 'transfer:' || id, points FROM points_transfer
    UNION ALL SELECT to_member_id, 'transfer:' || id || ':reversed', -recovered FROM points_transfer
        WHERE status = 'reversed'
    UNION ALL SELECT member_id, 'adjustment:' || id, points FROM points_adjustment WHERE status = 'booked'
), booked (member_id, key, points) AS (
    SELECT member_id, key, amount FROM points_entry
    WHERE counterparty = 'adjustment' OR (counterparty = 'transfer' AND kind <> 'refund')
)
SELECT coalesce(e.member_id, b.member_id), coalesce(e.key, b.key), coalesce(e.points, 0)::bigint, coalesce(b.points, 0)
FROM expected e FULL JOIN booked b ON b.member_id = e.member_id AND b.key = e.key
WHERE coalesce(e.points, 0) <> coalesce(b.points, 0)
