"""The demo: a small believable institute, and the chain from a pledge to a public model, played through the
same addresses that people use."""
