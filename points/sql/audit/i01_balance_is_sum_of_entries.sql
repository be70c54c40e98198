-- The balance is the sum of the entries, and what is owed the sum of its changes.
SELECT coalesce(a.member_id, e.member_id), 'balance', coalesce(e.amount, 0)::bigint, coalesce(a.balance, 0)
FROM points_account a
FULL JOIN (SELECT member_id, sum(amount) AS amount FROM points_entry GROUP BY member_id) e USING (member_id)
WHERE coalesce(a.balance, 0) <> coalesce(e.amount, 0)
UNION ALL
SELECT coalesce(a.member_id, e.member_id), 'debt', coalesce(e.debt, 0)::bigint, coalesce(a.debt, 0)
FROM points_account a
FULL JOIN (SELECT member_id, sum(debt_change) AS debt FROM points_entry GROUP BY member_id) e USING (member_id)
WHERE coalesce(a.debt, 0) <> coalesce(e.debt, 0)
