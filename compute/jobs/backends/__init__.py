"""Where attempts run: one Protocol, one adapter per kind of place, one fake. No Django in here."""
