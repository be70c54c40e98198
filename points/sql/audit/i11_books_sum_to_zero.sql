-- What all counterparties gave is what all members have.
SELECT NULL::bigint, 'all members', given, held
FROM (SELECT coalesce(sum(amount), 0)::bigint AS given FROM points_entry) e,
    (SELECT coalesce(sum(balance), 0)::bigint AS held FROM points_account) a
WHERE given <> held
