"""Other packages doing the same award and spend: django-hordak and pinax-points, in a virtual environment of their own.

environment   makes that virtual environment
comparison    measures, and holds the ledger's figures against theirs
settings      as little Django as both run on
worker        runs inside the environment and imports nothing of the product
"""
