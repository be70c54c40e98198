-- A completed redemption of a coupon has a code for each piece, any other redemption none.
SELECT r.member_id, 'redemption ' || r.id, wanted.codes, coalesce(c.codes, 0)
FROM mall_redemption r
JOIN mall_item i ON i.id = r.item_id
CROSS JOIN LATERAL (
    SELECT (CASE WHEN i.kind = 'coupon' AND r.status = 'completed' THEN r.quantity ELSE 0 END)::bigint AS codes
) wanted
LEFT JOIN (
    SELECT redemption_id, count(*) AS codes FROM mall_couponcode WHERE redemption_id IS NOT NULL GROUP BY redemption_id
) c ON c.redemption_id = r.id
WHERE wanted.codes <> coalesce(c.codes, 0)
