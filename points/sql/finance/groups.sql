-- One business day by source and expiry month: opening, movements, and what the lots say the closing must be.
-- Parameters: day_before, starts_at, ends_at, and `around` of the search for the first entry (core/rows.py).
-- An entry belongs to the day on which it was booked (created_at), whenever what it is for has happened.
WITH moved AS (
    SELECT lot.source, date_trunc('month', lot.expires_on::timestamp)::date AS expires_month,
        sum(share.points) FILTER (WHERE today.kind = 'award') AS awarded,
        sum(share.points) FILTER (WHERE today.kind = 'spend') AS spent,
        sum(share.points) FILTER (WHERE today.kind = 'refund') AS refunded,
        sum(share.points) FILTER (WHERE today.kind = 'expire') AS expired,
        sum(share.points) FILTER (WHERE today.kind = 'take_back') AS taken_back,
        sum(share.points) FILTER (WHERE today.kind = 'repay') AS repaid,
        sum(share.points) FILTER (WHERE today.kind = 'transfer_out') AS transferred_out,
        sum(share.points) FILTER (WHERE today.kind = 'transfer_in') AS transferred_in,
        sum(share.points) FILTER (WHERE today.kind = 'adjust') AS adjusted,
        sum(share.points) FILTER (WHERE entry.created_at >= %(ends_at)s) AS since
    FROM points_entry AS entry
    CROSS JOIN LATERAL (
        -- A reversed transfer gives back to the sender and takes back from the receiver: neither is the mall's doing.
        SELECT CASE WHEN entry.created_at >= %(ends_at)s THEN ''
                    WHEN entry.counterparty = 'transfer' AND entry.kind = 'refund' THEN 'transfer_out'
                    WHEN entry.counterparty = 'transfer' AND entry.kind = 'take_back' THEN 'transfer_in'
                    ELSE entry.kind END AS kind
    ) AS today
    CROSS JOIN LATERAL unnest(entry.lot_ids, entry.lot_points) AS share (lot_id, points)
    JOIN points_lot AS lot ON lot.id = share.lot_id
    WHERE entry.id >= ({since}) AND entry.created_at >= %(starts_at)s
    GROUP BY 1, 2
), live AS (
    SELECT source, date_trunc('month', expires_on::timestamp)::date AS expires_month, sum(remaining) AS points
    FROM points_lot WHERE is_open GROUP BY 1, 2
), before AS (
    SELECT source, expires_month, closing AS opening FROM points_bookday WHERE "on" = %(day_before)s
), groups AS (
    SELECT source, expires_month,
        coalesce(opening, 0) AS opening,
        coalesce(awarded, 0) AS awarded,
        coalesce(spent, 0) AS spent,
        coalesce(refunded, 0) AS refunded,
        coalesce(expired, 0) AS expired,
        coalesce(taken_back, 0) AS taken_back,
        coalesce(repaid, 0) AS repaid,
        coalesce(transferred_out, 0) AS transferred_out,
        coalesce(transferred_in, 0) AS transferred_in,
        coalesce(adjusted, 0) AS adjusted,
        coalesce(opening, 0) + coalesce(awarded, 0) + coalesce(spent, 0) + coalesce(refunded, 0) + coalesce(expired, 0)
            + coalesce(taken_back, 0) + coalesce(repaid, 0) + coalesce(transferred_out, 0)
            + coalesce(transferred_in, 0) + coalesce(adjusted, 0) AS closing,
        coalesce(live.points, 0) - coalesce(since, 0) AS by_lots
    FROM moved
    FULL JOIN live USING (source, expires_month)
    FULL JOIN before USING (source, expires_month)
)
