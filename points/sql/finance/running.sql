-- Transactions that may still book an entry for a moment before %(ends_at)s: an entry's time is that of its statement,
-- and it is seen once its transaction has committed.
-- A session of another role hides since when it is at work, but not that it is (pg_locks): it counts, to be safe.
-- So does a prepared transaction, of which nobody can tell when it began. Sessions without a user are vacuum's.
SELECT (
    SELECT count(*) FROM pg_stat_activity AS session
    WHERE session.datname = current_database() AND session.pid <> pg_backend_pid() AND session.usesysid IS NOT NULL
    AND (session.xact_start < %(ends_at)s OR (session.xact_start IS NULL AND EXISTS (
        SELECT 1 FROM pg_locks
        WHERE pg_locks.pid = session.pid AND locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND granted
    )))
) + (
    SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()
)
