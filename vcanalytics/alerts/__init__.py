"""Alerts: what is to be noticed, judged from rules, whether anybody looks or not."""
