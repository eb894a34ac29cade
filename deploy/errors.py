"""What can go wrong while the platform starts or runs, said in one sentence."""


class StartRefused(Exception):
    """The platform cannot start; the message names the thing, the reason and the way out."""
