-- What all counterparties gave is what all members have; and what members gave each other, members got.
SELECT NULL::bigint, 'all members', given, held
FROM (SELECT coalesce(sum(amount), 0)::bigint AS given FROM points_entry) e,
    (SELECT coalesce(sum(balance), 0)::bigint AS held FROM points_account) a
WHERE given <> held
UNION ALL
SELECT NULL, 'transfers', 0, net
FROM (
    -- What a receiver could not give back is owed by them, and was given back to the sender all the same.
    SELECT coalesce(sum(amount - debt_change), 0)::bigint AS net FROM points_entry WHERE counterparty = 'transfer'
) t
WHERE net <> 0
