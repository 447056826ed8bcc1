"""The daemons: all that writes events into the store, and the demo shop."""
