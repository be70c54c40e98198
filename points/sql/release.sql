-- Turn waiting holds into points: one by one through points_earn, which also repays debt. For members who owe, and for
-- a hold that a person or an order's completion lets go. The caller holds the accounts' locks.
CREATE OR REPLACE FUNCTION points_release(p_hold bigint, p_expires_on date, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_hold points_hold%ROWTYPE;
    v_posting record;
BEGIN
    UPDATE points_hold h SET status = 'released', ended_at = p_at, expires_on = p_expires_on
    WHERE h.id = p_hold AND h.status = 'waiting' RETURNING h.* INTO STRICT v_hold;
    UPDATE points_account a SET pending = a.pending - (v_hold.points - v_hold.cancelled)
    WHERE a.member_id = v_hold.member_id;
    SELECT * INTO STRICT v_posting FROM points_earn(
        v_hold.member_id, v_hold.points - v_hold.cancelled, v_hold.key, v_hold.counterparty, v_hold.source,
        v_hold.title, v_hold.breakdown, p_expires_on, v_hold.occurred_at
    );
    IF v_posting.repeated THEN
        RAISE EXCEPTION 'ledger fault: hold % waits, but its award is booked', p_hold;
    END IF;
    RETURN v_posting.entry_id;
END $$;
