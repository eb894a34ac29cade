"""Measurements: they run when they are asked for by name (`make bench`), not with the tests."""
