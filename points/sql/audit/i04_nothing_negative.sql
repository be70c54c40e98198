-- No balance, debt, pending amount or lot is negative, whatever the constraints were when it was written.
SELECT member_id, 'account', 0::bigint, least(balance, pending, debt, earned_total, spent_total, expired_total)
FROM points_account
WHERE least(balance, pending, debt, earned_total, spent_total, expired_total) < 0
UNION ALL
SELECT member_id, 'lot ' || id, 0, least(granted, returned, remaining, spent, expired, taken_back)
FROM points_lot
WHERE least(granted, returned, remaining, spent, expired, taken_back) < 0
UNION ALL
SELECT member_id, 'entry ' || id, 0, balance_after FROM points_entry WHERE balance_after < 0
