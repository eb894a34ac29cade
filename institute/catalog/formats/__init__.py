"""Formats of others, as pure functions on bytes and text: git objects, licences, cards, pickles, tensors, BibTeX."""
