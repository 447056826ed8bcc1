"""Who is told of alerts, and how: channels, messages, deliveries, summaries, the heartbeat.

Events come from the journal and deliveries are kept there: nothing here knows what makes alerts.
"""
