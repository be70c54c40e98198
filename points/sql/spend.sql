-- Debit points from a member, lots that expire first paying first. Called by points/ledger/movements.py only.
-- Not enough: a NULL entry_id, and what could be spent as balance_after; nothing is changed.
CREATE OR REPLACE FUNCTION points_spend(
    p_member bigint, p_points bigint, p_key text, p_counterparty text, p_source text, p_title text,
    p_on date, p_at timestamptz,
    OUT entry_id bigint, OUT amount bigint, OUT balance_after bigint, OUT repeated boolean
)
LANGUAGE plpgsql AS $$
DECLARE
    v_balance bigint;
    v_left bigint := p_points;
    v_take bigint;
    v_lot record;
    v_lots bigint[];
    v_shares bigint[];
BEGIN
    -- Guard and lock in one: no row means not enough. Lots are read after it, in new statements.
    UPDATE points_account a SET balance = a.balance - p_points, spent_total = a.spent_total + p_points
    WHERE a.member_id = p_member AND a.balance >= p_points RETURNING a.balance INTO v_balance;

    IF FOUND THEN
        -- Points whose last day has passed no longer pay, even if the nightly job has not swept them yet.
        FOR v_lot IN
            SELECT l.id, l.remaining FROM points_lot l
            WHERE l.member_id = p_member AND l.is_open AND l.expires_on >= p_on
            ORDER BY l.expires_on, l.id
        LOOP
            v_take := least(v_lot.remaining, v_left);
            UPDATE points_lot l SET remaining = l.remaining - v_take, spent = l.spent + v_take,
                is_open = l.remaining > v_take
            WHERE l.id = v_lot.id;
            v_lots := v_lots || v_lot.id;
            v_shares := v_shares || -v_take;
            v_left := v_left - v_take;
            EXIT WHEN v_left = 0;
        END LOOP;
        IF v_left = 0 THEN
            INSERT INTO points_entry
                (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key, lot_ids,
                 lot_points, occurred_at)
            VALUES (p_member, 'spend', -p_points, 0, v_balance, p_counterparty, p_source, p_title, p_key, v_lots,
                    v_shares, p_at)
            ON CONFLICT (member_id, key) DO NOTHING
            RETURNING id INTO entry_id;
            IF FOUND THEN
                amount := -p_points;
                balance_after := v_balance;
                repeated := false;
                RETURN;
            END IF;
        END IF;
        -- A repeat, or points that are past their day: what was changed above is changed back.
        UPDATE points_account a SET balance = a.balance + p_points, spent_total = a.spent_total - p_points
        WHERE a.member_id = p_member;
        UPDATE points_lot l SET remaining = l.remaining - s.share, spent = l.spent + s.share, is_open = true
        FROM unnest(v_lots, v_shares) AS s (lot, share) WHERE l.id = s.lot;
    END IF;

    SELECT e.id, e.amount, e.balance_after, true INTO entry_id, amount, balance_after, repeated
    FROM points_entry e WHERE e.member_id = p_member AND e.key = p_key;
    IF NOT FOUND THEN
        amount := -p_points;
        repeated := false;
        SELECT coalesce(sum(l.remaining), 0) INTO balance_after FROM points_lot l
        WHERE l.member_id = p_member AND l.is_open AND l.expires_on >= p_on;
    END IF;
END $$;
