"""Reports a real purchase history as a partner's order system would: over HTTP, signed, every purchase once.

cdnow        the file: its purchases, the events they become, and what they should be worth (pure)
reporting    members, key and events, each step safe to repeat
partner_api  the signed calls, patient with servers that come back
summary      what the ledger says afterwards, against what the file says
"""
