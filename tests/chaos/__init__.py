"""kill -9 under load: what was answered must still be there, nothing must be there twice, and a repeat says the same.

What happens:
form       one crash test from beginning to end: world, clients, kills, drained jobs, verdict
mall       the product under its own launcher, in a folder of its own, to be killed at will (launch: its launcher)
world      members, items and partner, as clients know them (creation: makes them inside the product)
client     one process that asks, repeats and writes everything down
wishes     what it asks for, chosen by chance (wire: how it is sent)
journal    what was asked and answered, on disk line by line
killer     who is killed at which moment
watcher    a process that audits every second meanwhile
sweep      has lost hints of jobs sent again at once, for tests in a hurry

What is right:
promises   what an answer promises, and what a wish may have done without one
books      what the database holds, by plain SQL
verdict    both held against each other
builds     the product with one guard taken away: each must go red
report     what came of it, for people
"""
