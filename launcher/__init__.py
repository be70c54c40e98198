"""Sets up a bare machine and runs the whole product on it. Standard library only, outside Django.

`__main__`, `interpreter` and `errors` stay free of new syntax: they must run on an old Python to say that it is old.
The rest runs on 3.11 or later, and everything past `environment` inside the project's own virtual environment.
"""
