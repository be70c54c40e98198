-- Turn one waiting hold into points. The caller holds the account's lock and has checked that the hold waits.
CREATE FUNCTION points_release(p_hold bigint, p_expires_on date, p_at timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_hold points_hold%ROWTYPE;
    v_entry bigint;
BEGIN
    UPDATE points_hold h SET status = 'released', ended_at = p_at, expires_on = p_expires_on
    WHERE h.id = p_hold AND h.status = 'waiting' RETURNING h.* INTO STRICT v_hold;
    UPDATE points_account a SET pending = a.pending - (v_hold.points - v_hold.cancelled)
    WHERE a.member_id = v_hold.member_id;
    SELECT e.entry_id INTO STRICT v_entry FROM points_earn(
        v_hold.member_id, v_hold.points - v_hold.cancelled, v_hold.key, v_hold.counterparty, v_hold.source,
        v_hold.title, v_hold.breakdown, p_expires_on, v_hold.occurred_at
    ) e;
    RETURN v_entry;
END $$;
