"""The daemons: all that writes events into the store, and the demo shop that stands in for a source."""
