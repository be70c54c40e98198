-- A key moves a member's points at most once.
SELECT member_id, left('key ' || key, 60), 1::bigint, count(*) FROM points_entry GROUP BY member_id, key HAVING count(*) > 1
