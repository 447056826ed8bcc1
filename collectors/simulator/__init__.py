"""A demo shop: it writes a VectorCraft database of its own.

So the demo takes the road of production: the same source reader, the same traps.
"""

from collectors.simulator.shop import Simulator, make_ready

__all__ = ["Simulator", "make_ready"]
