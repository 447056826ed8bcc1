"""PayPal's own side: its activity download, read line by line, and what was imported of it.

``opening`` makes text of a file, ``header`` finds its columns, ``reading`` makes rows of its lines,
``importing`` brings them into ``paypal.db`` whole or not at all. Nothing here knows VectorCraft's
payments: matching is analytics'.
"""
