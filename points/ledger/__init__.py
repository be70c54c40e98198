"""The only modules that move points.

accounts     what all movements share: the lock, postings, repeated keys
movements    earn, spend, give back, adjust
batches      the same award to many members
holds        points that wait: promised, released, cancelled
take_backs   an award taken back: from what waits, from the lots, as debt
transfers    from one member to another, and back
expiry       points whose last day is over
lots         how points go into lots and out of them

Every movement is one Entry: a signed amount between a member and a counterparty, once per (member, key).
  1. a member's balance is the sum of their entries and of what remains in their lots  (points/sql/audit, I1, I2)
  2. no balance, lot or debt is ever negative                                          (CHECK constraints)
  3. the same key never moves points twice                                             (UNIQUE entry_once_per_key)
  4. an entry is never edited or deleted                                               (TRIGGER entry_append_only)

Callers own the transaction. Locks are taken in one order everywhere: business row, account (by member id when there
are two), lots, stock. In all functions points are positive integers, `at` is when it happened, and `key` is derived
from what it is for ("redemption:42", "check_in:2026-11-22"), so that a repeat cannot invent a new one.
"""
