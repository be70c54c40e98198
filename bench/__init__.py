"""Benchmarks, run on throw-away servers by `make bench`, in scratch databases of their own.

limit.sql      the leanest ledger in PostgreSQL: what the product's is measured against
data           the same members, lots and entries on both sides
ledger_cost    server CPU of award and spend; over many lots; with a long history
callers, work  the same from Python, in calls per second
peers          the same by other packages
jobs, bare_jobs, job_process   expiry, release, award to all and audit beside bare SQL
schema         what each index and constraint costs
http_cost, load, world         a check-in and a redemption over HTTP, beside a bare view
databases, server, cpu, pgbench, movements, report   what these are made with
"""
