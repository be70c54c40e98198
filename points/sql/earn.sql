-- Credit points to a member: account, lot and entry in one call. Called by points/ledger/movements.py only.
-- The account's UPDATE comes first: it is the lock that every movement of this member takes. Nothing looks for the key
-- before: its unique index does when the entry comes, and a repeat, which is rare, takes its changes back.
CREATE OR REPLACE FUNCTION points_earn(
    p_member bigint, p_points bigint, p_key text, p_counterparty text, p_source text, p_title text,
    p_breakdown jsonb, p_expires_on date, p_at timestamptz,
    OUT entry_id bigint, OUT amount bigint, OUT balance_after bigint, OUT repeated boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    v_balance bigint;
    v_debt bigint;
    v_lot bigint;
    v_repay bigint;
BEGIN
    UPDATE points_account a SET balance = a.balance + p_points, earned_total = a.earned_total + p_points
    WHERE a.member_id = p_member RETURNING a.balance, a.debt INTO v_balance, v_debt;
    IF NOT FOUND THEN
        INSERT INTO points_account AS a (member_id, balance, pending, debt, earned_total, spent_total, expired_total)
        VALUES (p_member, p_points, 0, 0, p_points, 0, 0)
        ON CONFLICT (member_id) DO UPDATE
        SET balance = a.balance + p_points, earned_total = a.earned_total + p_points
        RETURNING a.balance, a.debt INTO v_balance, v_debt;
    END IF;

    UPDATE points_lot l SET granted = l.granted + p_points, remaining = l.remaining + p_points, is_open = true
    WHERE l.member_id = p_member AND l.expires_on = p_expires_on AND l.source = p_counterparty
    RETURNING l.id INTO v_lot;
    IF NOT FOUND THEN
        INSERT INTO points_lot
            (member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back, is_open)
        VALUES (p_member, p_expires_on, p_counterparty, p_points, 0, p_points, 0, 0, 0, true)
        RETURNING id INTO v_lot;
    END IF;

    INSERT INTO points_entry
        (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, lot_ids, lot_points,
         breakdown, occurred_at)
    VALUES (p_member, 'award', p_points, 0, v_balance, p_counterparty, p_source, p_title, p_key,
            ARRAY[v_lot], ARRAY[p_points], p_breakdown, p_at)
    ON CONFLICT (member_id, key) DO NOTHING
    RETURNING id INTO entry_id;
    IF NOT FOUND THEN
        UPDATE points_account a SET balance = a.balance - p_points, earned_total = a.earned_total - p_points
        WHERE a.member_id = p_member;
        UPDATE points_lot l SET granted = l.granted - p_points, remaining = l.remaining - p_points,
            is_open = l.remaining > p_points
        WHERE l.id = v_lot;
        SELECT e.id, e.amount, e.balance_after, true INTO entry_id, amount, balance_after, repeated
        FROM points_entry e WHERE e.member_id = p_member AND e.key = p_key;
        RETURN;
    END IF;

    IF v_debt > 0 THEN
        v_repay := least(v_debt, p_points);
        v_balance := v_balance - v_repay;
        UPDATE points_account a SET balance = v_balance, debt = v_debt - v_repay WHERE a.member_id = p_member;
        UPDATE points_lot l SET remaining = l.remaining - v_repay, taken_back = l.taken_back + v_repay,
            is_open = l.remaining > v_repay
        WHERE l.id = v_lot;
        INSERT INTO points_entry
            (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, lot_ids,
             lot_points, occurred_at)
        VALUES (p_member, 'repay', -v_repay, -v_repay, v_balance, 'debt', p_source, '', 'repay:' || entry_id,
                ARRAY[v_lot], ARRAY[-v_repay], p_at);
    END IF;

    amount := p_points;
    balance_after := v_balance;
    repeated := false;
END $$;
