-- Each kind of entry moves points the way it should. As a constraint this alone would make every earn a seventh dearer.
SELECT member_id, 'entry ' || id || ' ' || kind, debt_change, amount
FROM points_entry
WHERE NOT CASE
    WHEN kind IN ('award', 'refund', 'transfer_in') THEN amount > 0 AND debt_change = 0
    WHEN kind IN ('spend', 'expire', 'transfer_out') THEN amount < 0 AND debt_change = 0
    WHEN kind = 'take_back' THEN amount <= 0 AND debt_change >= 0 AND amount <> debt_change
    WHEN kind = 'repay' THEN amount < 0 AND debt_change = amount
    WHEN kind = 'adjust' THEN amount <> 0 AND debt_change = 0
    ELSE false
END
