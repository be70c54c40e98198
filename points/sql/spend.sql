-- Debit points from a member, lots that expire first paying first. Called by points/ledger.py only.
-- Not enough: one row with a NULL entry_id and what could be spent as balance_after; nothing is changed.
CREATE FUNCTION points_spend(
    p_member bigint, p_points bigint, p_key text, p_counterparty text, p_source text, p_title text,
    p_on date, p_at timestamptz
) RETURNS TABLE (entry_id bigint, amount bigint, balance_after bigint, repeated boolean)
LANGUAGE plpgsql AS $$
DECLARE
    v_balance bigint;
    v_due bigint;
    v_entry bigint;
    v_left bigint := p_points;
    v_take bigint;
    v_lot record;
BEGIN
    -- Guard and lock in one: no row means not enough. Lots are read after it, in new statements.
    UPDATE points_account a SET balance = a.balance - p_points, spent_total = a.spent_total + p_points
    WHERE a.member_id = p_member AND a.balance >= p_points RETURNING a.balance INTO v_balance;

    RETURN QUERY SELECT e.id, e.amount, e.balance_after, true FROM points_entry e
    WHERE e.member_id = p_member AND e.key = p_key;
    IF FOUND THEN
        IF v_balance IS NOT NULL THEN
            UPDATE points_account a SET balance = a.balance + p_points, spent_total = a.spent_total - p_points
            WHERE a.member_id = p_member;
        END IF;
        RETURN;
    END IF;

    -- Points whose last day has passed no longer pay, even if the nightly job has not swept them yet.
    SELECT coalesce(sum(l.remaining), 0) INTO v_due FROM points_lot l
    WHERE l.member_id = p_member AND l.is_open AND l.expires_on < p_on;

    IF v_balance IS NULL THEN
        RETURN QUERY SELECT NULL::bigint, -p_points,
            coalesce((SELECT a.balance FROM points_account a WHERE a.member_id = p_member), 0) - v_due, false;
        RETURN;
    END IF;
    IF v_balance < v_due THEN
        UPDATE points_account a SET balance = a.balance + p_points, spent_total = a.spent_total - p_points
        WHERE a.member_id = p_member;
        RETURN QUERY SELECT NULL::bigint, -p_points, v_balance + p_points - v_due, false;
        RETURN;
    END IF;

    INSERT INTO points_entry
        (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, occurred_at)
    VALUES (p_member, 'spend', -p_points, 0, v_balance, p_counterparty, p_source, p_title, p_key, p_at)
    RETURNING id INTO v_entry;

    FOR v_lot IN
        SELECT l.id, l.remaining FROM points_lot l
        WHERE l.member_id = p_member AND l.is_open AND l.expires_on >= p_on
        ORDER BY l.expires_on, l.id
    LOOP
        v_take := least(v_lot.remaining, v_left);
        UPDATE points_lot l SET remaining = l.remaining - v_take, spent = l.spent + v_take,
            is_open = l.remaining > v_take
        WHERE l.id = v_lot.id;
        INSERT INTO points_consumption (member_id, entry_id, lot_id, points)
        VALUES (p_member, v_entry, v_lot.id, v_take);
        v_left := v_left - v_take;
        EXIT WHEN v_left = 0;
    END LOOP;
    IF v_left > 0 THEN
        RAISE EXCEPTION 'ledger fault: the lots of member % do not cover the balance', p_member;
    END IF;

    RETURN QUERY SELECT v_entry, -p_points, v_balance, false;
END $$;
