-- Credit the same points to many members under the same key. Set-based; who has the key already is left alone, and
-- members who owe go one by one, since an award repays. Returns the members who got them.
CREATE OR REPLACE FUNCTION points_earn_many(
    p_members bigint[], p_points bigint, p_key text, p_counterparty text, p_source text, p_title text,
    p_breakdown jsonb, p_expires_on date, p_at timestamptz
) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_new bigint[];
    v_member bigint;
BEGIN
    INSERT INTO points_account (member_id, balance, pending, debt, earned_total, spent_total, expired_total)
    SELECT m, 0, 0, 0, 0, 0, 0 FROM unnest(p_members) m ORDER BY m ON CONFLICT DO NOTHING;
    PERFORM 1 FROM points_account a WHERE a.member_id = ANY (p_members) ORDER BY a.member_id FOR NO KEY UPDATE;
    SELECT array_agg(a.member_id ORDER BY a.member_id) INTO v_new FROM points_account a
    WHERE a.member_id = ANY (p_members) AND NOT EXISTS (
        SELECT 1 FROM points_entry e WHERE e.member_id = a.member_id AND e.key = p_key);

    FOR v_member IN SELECT a.member_id FROM points_account a WHERE a.member_id = ANY (v_new) AND a.debt > 0
    LOOP
        PERFORM points_earn(
            v_member, p_points, p_key, p_counterparty, p_source, p_title, p_breakdown, p_expires_on, p_at);
        v_new := array_remove(v_new, v_member);
        RETURN NEXT v_member;
    END LOOP;

    RETURN QUERY
    WITH credited AS MATERIALIZED (
        UPDATE points_account a SET balance = a.balance + p_points, earned_total = a.earned_total + p_points
        WHERE a.member_id = ANY (v_new) RETURNING a.member_id, a.balance
    ), filled AS MATERIALIZED (
        INSERT INTO points_lot AS l
            (member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back, is_open)
        SELECT c.member_id, p_expires_on, p_counterparty, p_points, 0, p_points, 0, 0, 0, true FROM credited c
        ON CONFLICT (member_id, expires_on, source) DO UPDATE
        SET granted = l.granted + p_points, remaining = l.remaining + p_points, is_open = true
        RETURNING l.id, l.member_id
    )
    INSERT INTO points_entry
        (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, lot_ids, lot_points,
         breakdown, occurred_at)
    SELECT c.member_id, 'award', p_points, 0, c.balance, p_counterparty, p_source, p_title, p_key, ARRAY[f.id],
        ARRAY[p_points], p_breakdown, p_at
    FROM credited c JOIN filled f USING (member_id)
    ORDER BY c.member_id
    RETURNING member_id;
END $$;
