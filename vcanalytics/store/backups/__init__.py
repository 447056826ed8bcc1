"""Taking a backup while everything runs, and putting one back."""
