"""A demo shop: it writes a VectorCraft database of its own, so that the demo takes production's road."""
