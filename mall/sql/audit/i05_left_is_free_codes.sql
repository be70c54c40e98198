-- Of an item with codes as many are left as codes are free and not promised to a paid redemption.
WITH free AS (
    SELECT item_id, count(*) AS codes FROM mall_couponcode WHERE status = 'free' GROUP BY item_id
), promised AS (
    SELECT item_id, sum(quantity)::bigint AS codes FROM mall_redemption WHERE status = 'paid' GROUP BY item_id
)
SELECT NULL::bigint, 'item ' || i.id, coalesce(f.codes, 0) - coalesce(p.codes, 0), i.stock_left::bigint
FROM mall_item i LEFT JOIN free f ON f.item_id = i.id LEFT JOIN promised p ON p.item_id = i.id
WHERE i.kind = 'coupon' AND coalesce(f.codes, 0) - coalesce(p.codes, 0) <> i.stock_left
