"""Holding the store to itself: files, counters, ledger, current rows, and what is made of them."""
