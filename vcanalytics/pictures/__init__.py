"""Charts as files, made here: SVG, PNG and PDF, without a browser and without the network.

``asking`` is what others call; ``drawing`` and what stands under it run in a process of their own,
which imports no more than it draws with.
"""
