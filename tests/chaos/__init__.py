"""kill -9 in the middle of a replay: what was answered must still be there, and nothing must be there twice.

mall       the product under its own launcher, in a folder of its own, to be killed at will
shoppers   members who redeem meanwhile, so that the worker has something to lose
facts      what the database holds, read by plain SQL, and what must be true of it
story      one run: who is killed when, and what was answered
"""
