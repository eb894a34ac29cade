"""Ports for servers on this machine."""

import random
import socket

# Above 32767 the kernel hands ports to outgoing connections: a server that restarts there may find its own taken.
LOWEST, HIGHEST = 20_000, 32_767


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nothing listens on; random, so that two platforms starting at once rarely meet."""
    rng = random.SystemRandom()
    while True:
        port = rng.randint(LOWEST, HIGHEST)
        if is_free(port):
            return port
