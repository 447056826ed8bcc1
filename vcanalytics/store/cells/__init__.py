"""Cells of requests and system samples: counted as rows are sealed, and held to a recount."""
