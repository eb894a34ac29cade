"""Trackers behind one Protocol; no Django inside."""
