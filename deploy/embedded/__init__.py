"""PostgreSQL and Redis from Python wheels, for one machine: development, demonstration and tests."""
