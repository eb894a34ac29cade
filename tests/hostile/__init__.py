"""What a careless or hostile client sends, and how to see that nothing came of it."""
