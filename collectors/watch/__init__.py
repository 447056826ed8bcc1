"""The watchman: a process of its own beside the collectors, which asks and judges.

It holds a reader and DuckDB, some 100 MB, and its questions must not slow collecting down. It
writes to the journal, never to the store but for its own heartbeat.
"""
