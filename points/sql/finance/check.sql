-- What the lots say the closing must be, and how many groups they or the entries contradict.
SELECT coalesce(sum(groups.by_lots), 0)::bigint, count(*) FILTER (
    WHERE groups.by_lots IS DISTINCT FROM groups.closing
    OR (groups.opening, groups.awarded, groups.spent, groups.refunded, groups.expired, groups.taken_back,
        groups.repaid, groups.transferred_out, groups.transferred_in, groups.adjusted)
    IS DISTINCT FROM (coalesce(kept.opening, 0), coalesce(kept.awarded, 0), coalesce(kept.spent, 0),
        coalesce(kept.refunded, 0), coalesce(kept.expired, 0), coalesce(kept.taken_back, 0), coalesce(kept.repaid, 0),
        coalesce(kept.transferred_out, 0), coalesce(kept.transferred_in, 0), coalesce(kept.adjusted, 0))
)
FROM groups
FULL JOIN (SELECT * FROM points_bookday WHERE "on" = %(on)s) AS kept USING (source, expires_month)
