"""What pages share: frame, range, charts, tables, panels, texts and exports."""
