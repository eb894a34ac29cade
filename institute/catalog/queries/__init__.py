"""Questions about the catalogue; each module answers one kind."""
