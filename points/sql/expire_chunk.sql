-- Expire up to p_limit open lots whose last day is before p_on. Set-based: three statements for thousands of lots.
-- The accounts are locked first, in id order, and the lots read afterwards, so a spend that came in between is seen.
CREATE FUNCTION points_expire_chunk(p_on date, p_at timestamptz, p_limit integer)
RETURNS TABLE (lots bigint, points bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_members bigint[];
BEGIN
    SELECT array_agg(DISTINCT due.member_id) INTO v_members FROM (
        SELECT l.member_id FROM points_lot l WHERE l.is_open AND l.expires_on < p_on
        ORDER BY l.expires_on, l.member_id LIMIT p_limit
    ) due;
    IF v_members IS NULL THEN
        RETURN QUERY SELECT 0::bigint, 0::bigint;
        RETURN;
    END IF;

    PERFORM 1 FROM points_account a WHERE a.member_id = ANY (v_members) ORDER BY a.member_id FOR UPDATE;

    RETURN QUERY
    WITH due AS (
        SELECT l.id, l.member_id, l.remaining, l.source, l.expired, l.expires_on,
            sum(l.remaining) OVER (PARTITION BY l.member_id ORDER BY l.expires_on, l.id) AS running
        FROM points_lot l
        WHERE l.member_id = ANY (v_members) AND l.is_open AND l.expires_on < p_on
    ), booked AS (
        INSERT INTO points_entry
            (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, occurred_at)
        -- A lot can be refilled after it expired (late reports of old purchases), so the key says which time it is.
        SELECT d.member_id, 'expire', -d.remaining, 0, a.balance - d.running, 'expiry', 'lot:' || d.id, '',
            'expire:' || d.id || ':' || d.expired, p_at
        FROM due d JOIN points_account a ON a.member_id = d.member_id
        ORDER BY d.member_id, d.expires_on, d.id
        RETURNING id, member_id, source, amount
    ), consumed AS (
        INSERT INTO points_consumption (member_id, entry_id, lot_id, points)
        SELECT b.member_id, b.id, substring(b.source FROM 5)::bigint, -b.amount FROM booked b
    ), closed AS (
        UPDATE points_lot l SET expired = l.expired + l.remaining, remaining = 0, is_open = false
        FROM due d WHERE l.id = d.id
    ), debited AS (
        UPDATE points_account a SET balance = a.balance - t.total, expired_total = a.expired_total + t.total
        FROM (SELECT d.member_id, sum(d.remaining) AS total FROM due d GROUP BY d.member_id) t
        WHERE a.member_id = t.member_id
    )
    SELECT count(*), coalesce(sum(d.remaining), 0)::bigint FROM due d;
END $$;
