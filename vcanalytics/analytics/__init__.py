"""Questions over a snapshot: one module a subject, its SQL beside it, asked through the engine."""
