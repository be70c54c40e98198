-- Release all holds of some members that are due by p_at, and return what each was worth. Set-based for members who
-- owe nothing; those who do go one by one, since each award repays.
CREATE OR REPLACE FUNCTION points_release_due(p_members bigint[], p_at timestamptz)
RETURNS TABLE (member_id bigint, points bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_plain bigint[];
    v_hold record;
BEGIN
    PERFORM 1 FROM points_account a WHERE a.member_id = ANY (p_members) ORDER BY a.member_id FOR NO KEY UPDATE;
    FOR v_hold IN
        SELECT h.id, h.member_id, h.points - h.cancelled AS points, h.expires_on FROM points_hold h
        JOIN points_account a ON a.member_id = h.member_id
        WHERE h.member_id = ANY (p_members) AND h.status = 'waiting' AND h.release_at <= p_at AND a.debt > 0
        ORDER BY h.member_id, h.id
    LOOP
        PERFORM points_release(v_hold.id, v_hold.expires_on, p_at);
        member_id := v_hold.member_id;
        points := v_hold.points;
        RETURN NEXT;
    END LOOP;

    RETURN QUERY
    WITH due AS MATERIALIZED (
        UPDATE points_hold h SET status = 'released', ended_at = p_at
        WHERE h.member_id = ANY (p_members) AND h.status = 'waiting' AND h.release_at <= p_at
        RETURNING h.id, h.member_id, h.points - h.cancelled AS points, h.key, h.counterparty, h.source, h.title,
            h.breakdown, h.expires_on, h.occurred_at
    ), filled AS MATERIALIZED (
        INSERT INTO points_lot AS l
            (member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back, is_open)
        SELECT d.member_id, d.expires_on, d.counterparty, sum(d.points), 0, sum(d.points), 0, 0, 0, true
        FROM due d GROUP BY d.member_id, d.expires_on, d.counterparty
        ON CONFLICT (member_id, expires_on, source) DO UPDATE
        SET granted = l.granted + EXCLUDED.granted, remaining = l.remaining + EXCLUDED.granted, is_open = true
        RETURNING l.id, l.member_id, l.expires_on, l.source
    ), credited AS (
        UPDATE points_account a SET balance = a.balance + t.total, earned_total = a.earned_total + t.total,
            pending = a.pending - t.total
        FROM (SELECT d.member_id, sum(d.points) AS total FROM due d GROUP BY d.member_id) t
        WHERE a.member_id = t.member_id
    ), booked AS (
        INSERT INTO points_entry
            (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, lot_ids,
             lot_points, breakdown, occurred_at)
        SELECT d.member_id, 'award', d.points, 0,
            a.balance + sum(d.points) OVER (PARTITION BY d.member_id ORDER BY d.id),
            d.counterparty, d.source, d.title, d.key, ARRAY[f.id], ARRAY[d.points], d.breakdown, d.occurred_at
        FROM due d
        JOIN points_account a ON a.member_id = d.member_id
        JOIN filled f ON f.member_id = d.member_id AND f.expires_on = d.expires_on AND f.source = d.counterparty
        ORDER BY d.member_id, d.id
    )
    SELECT d.member_id, d.points FROM due d;
END $$;
