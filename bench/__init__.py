"""Benchmarks, run on throw-away servers by `make bench`.

http_cost   what a check-in and a redemption cost beside a bare view, in CPU time of the web processes
"""
