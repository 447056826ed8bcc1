"""The commands, a module each. Each asks analytics, source or store, and arranges the answer."""
