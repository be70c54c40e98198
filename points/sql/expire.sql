-- Expire the open lots of some members whose last day is before p_on. Set-based: a few statements for thousands of lots.
-- The accounts are locked first, in id order, and the lots read afterwards, so a spend that came in between is seen.
CREATE OR REPLACE FUNCTION points_expire(
    p_members bigint[], p_on date, p_at timestamptz, OUT lots bigint, OUT points bigint
)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM points_account a WHERE a.member_id = ANY (p_members) ORDER BY a.member_id FOR NO KEY UPDATE;

    WITH due AS MATERIALIZED (
        SELECT l.id, l.member_id, l.remaining, l.expired, l.expires_on,
            sum(l.remaining) OVER (PARTITION BY l.member_id ORDER BY l.expires_on, l.id) AS running
        FROM points_lot l
        WHERE l.member_id = ANY (p_members) AND l.is_open AND l.expires_on < p_on
    ), closed AS (
        UPDATE points_lot l SET expired = l.expired + d.remaining, remaining = 0, is_open = false
        FROM due d WHERE l.id = d.id
    ), debited AS (
        UPDATE points_account a SET balance = a.balance - t.total, expired_total = a.expired_total + t.total
        FROM (SELECT d.member_id, sum(d.remaining) AS total FROM due d GROUP BY d.member_id) t
        WHERE a.member_id = t.member_id
    ), booked AS (
        INSERT INTO points_entry
            (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, lot_ids,
             lot_points, occurred_at)
        -- A lot can be refilled after it expired (late reports of old purchases), so the key says which time it is.
        SELECT d.member_id, 'expire', -d.remaining, 0, a.balance - d.running, 'expiry', 'lot:' || d.id, '',
            'expire:' || d.id || ':' || d.expired, ARRAY[d.id], ARRAY[-d.remaining], p_at
        FROM due d JOIN points_account a ON a.member_id = d.member_id
        ORDER BY d.member_id, d.expires_on, d.id
        RETURNING amount
    )
    SELECT count(*), coalesce(-sum(b.amount), 0)::bigint INTO lots, points FROM booked b;
END $$;
