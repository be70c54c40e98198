"""The demo: staff, members and a mall to look at, and a page that shows them as a mini-program would.

Nothing of it exists unless settings.DEMO_MODE is on.
"""
