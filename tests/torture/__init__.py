"""The crash harness: real daemons on a living source, killed again and again.

``python -m tests.torture --rounds 200`` runs it at length; the tests run a few of its rounds.
"""
