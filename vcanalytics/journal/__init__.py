"""The watchman's memory: components and their days, breakers, alerts, what was sent.

A file beside the store. It holds no customer's data but ids. Each subject is a module of functions
that take a connection, with its tables and their migration in a module beside it.
"""

from vcanalytics.journal.journal import FILE_NAME, Journal

__all__ = ["FILE_NAME", "Journal"]
