-- Expire the open lots of some members whose last day is before p_on. Set-based: a few statements for thousands of lots.
-- The accounts are locked first, in id order, and the lots read afterwards, so a spend that came in between is seen.
CREATE OR REPLACE FUNCTION points_expire(
    p_members bigint[], p_on date, p_at timestamptz, OUT lots bigint, OUT points bigint
)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM points_account a WHERE a.member_id = ANY (p_members) ORDER BY a.member_id FOR NO KEY UPDATE;

    WITH closed AS MATERIALIZED (
        UPDATE points_lot l SET expired = l.expired + l.remaining, remaining = 0, is_open = false
        WHERE l.member_id = ANY (p_members) AND l.is_open AND l.expires_on < p_on
        RETURNING l.id, l.member_id, l.expires_on, old.remaining AS remaining, old.expired AS expired
    ), debited AS MATERIALIZED (
        UPDATE points_account a SET balance = a.balance - t.total, expired_total = a.expired_total + t.total
        FROM (SELECT c.member_id, sum(c.remaining)::bigint AS total FROM closed c GROUP BY c.member_id) t
        WHERE a.member_id = t.member_id
        RETURNING a.member_id, old.balance AS balance
    ), booked AS (
        INSERT INTO points_entry
            (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, lot_ids,
             lot_points, occurred_at)
        -- A lot can be refilled after it expired (late reports of old purchases), so the key says which time it is.
        SELECT d.member_id, 'expire', -c.remaining, 0,
            d.balance - sum(c.remaining) OVER (PARTITION BY c.member_id ORDER BY c.expires_on, c.id),
            'expiry', 'lot:' || c.id, '', 'expire:' || c.id || ':' || c.expired, ARRAY[c.id], ARRAY[-c.remaining], p_at
        FROM closed c JOIN debited d USING (member_id)
        ORDER BY c.member_id, c.expires_on, c.id
        RETURNING amount
    )
    SELECT count(*), coalesce(-sum(b.amount), 0)::bigint INTO lots, points FROM booked b;
END $$;
