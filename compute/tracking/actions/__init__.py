"""The only code that writes runs."""
