-- What an item's counter says was sold is what is redeemed and not cancelled.
SELECT NULL::bigint, 'item ' || i.id, coalesce(r.quantity, 0), i.stock_sold::bigint
FROM mall_item i
LEFT JOIN (
    SELECT item_id, sum(quantity)::bigint AS quantity FROM mall_redemption WHERE status <> 'cancelled' GROUP BY item_id
) r ON r.item_id = i.id
WHERE coalesce(r.quantity, 0) <> i.stock_sold
