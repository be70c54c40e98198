-- Release up to p_limit holds that are due by p_at, each through points_earn, which also repays debt.
CREATE FUNCTION points_release_chunk(p_at timestamptz, p_limit integer)
RETURNS TABLE (member_id bigint, points bigint)
LANGUAGE plpgsql AS $$
DECLARE
    v_members bigint[];
    v_hold record;
BEGIN
    SELECT array_agg(DISTINCT due.member_id) INTO v_members FROM (
        SELECT h.member_id FROM points_hold h WHERE h.status = 'waiting' AND h.release_at <= p_at
        ORDER BY h.release_at, h.member_id LIMIT p_limit
    ) due;
    PERFORM 1 FROM points_account a WHERE a.member_id = ANY (v_members) ORDER BY a.member_id FOR UPDATE;
    FOR v_hold IN
        SELECT h.* FROM points_hold h
        WHERE h.member_id = ANY (v_members) AND h.status = 'waiting' AND h.release_at <= p_at
        ORDER BY h.member_id, h.id
    LOOP
        member_id := v_hold.member_id;
        points := v_hold.points - v_hold.cancelled;
        PERFORM points_release(v_hold.id, v_hold.expires_on, p_at);
        RETURN NEXT;
    END LOOP;
END $$;
