-- Read in order, the entries' amounts add up to each entry's balance_after.
SELECT member_id, 'entry ' || id, running, balance_after FROM (
    SELECT id, member_id, balance_after, sum(amount) OVER (PARTITION BY member_id ORDER BY id)::bigint AS running
    FROM points_entry
) e WHERE running <> balance_after
