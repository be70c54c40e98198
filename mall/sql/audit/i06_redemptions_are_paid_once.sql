-- A paid redemption has one spend of its price, a cancelled one has all of it back, and no such entry is a stray.
WITH expected (member_id, key, points) AS (
    SELECT member_id, 'redemption:' || id, -points FROM mall_redemption WHERE status <> 'placed'
    UNION ALL SELECT member_id, 'redemption:' || id || ':refund', points FROM mall_redemption WHERE status = 'cancelled'
), booked (member_id, key, points) AS (
    SELECT member_id, key, amount FROM points_entry
    WHERE kind IN ('spend', 'refund') AND key LIKE 'redemption:%'
)
SELECT coalesce(e.member_id, b.member_id), left(coalesce(e.key, b.key), 60), coalesce(e.points, 0)::bigint,
    coalesce(b.points, 0)
FROM expected e FULL JOIN booked b ON b.member_id = e.member_id AND b.key = e.key
WHERE coalesce(e.points, 0) <> coalesce(b.points, 0)
