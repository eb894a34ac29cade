"""Pages about projects, requests and allocations."""
