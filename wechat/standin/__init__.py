"""A server that answers as WeChat's does, for the demo and for tests. Its own process; it knows nothing of Django."""
