"""``check --repair``: what can be made anew is, what cannot be read is put aside."""
