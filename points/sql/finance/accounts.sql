-- The members' points and debt at the end of a day: what they are now, less what was booked since; and what waited.
-- A hold counts from when it was written until it ended; what was taken off it since is added again.
SELECT
    (SELECT coalesce(sum(balance), 0) FROM points_account) - booked.points,
    (SELECT coalesce(sum(debt), 0) FROM points_account) - booked.debt,
    (SELECT coalesce(sum(hold.points - hold.cancelled + coalesce(later.cancelled, 0)), 0)
     FROM points_hold AS hold
     LEFT JOIN (
         SELECT hold_id, sum(cancelled) AS cancelled FROM points_holdchange WHERE occurred_at >= %(ends_at)s GROUP BY 1
     ) AS later ON later.hold_id = hold.id
     WHERE hold.created_at < %(ends_at)s AND (hold.ended_at IS NULL OR hold.ended_at >= %(ends_at)s))
FROM (
    SELECT coalesce(sum(amount), 0) AS points, coalesce(sum(debt_change), 0) AS debt
    FROM points_entry WHERE id >= ({since}) AND created_at >= %(ends_at)s
) AS booked
