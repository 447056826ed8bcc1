"""What keeps the store small and quick: merging, letting go, settling, and the room it has."""
