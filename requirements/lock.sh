#!/bin/sh
# Write the lock files: every package with its hashes, no address of where it came from.
set -eu
cd "$(dirname "$0")/.."
compile() {
    .build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header "$@"
}
compile requirements/uv.in -o requirements/uv.txt
compile pyproject.toml -o requirements/web.txt
compile pyproject.toml --group dev -c requirements/web.txt -o requirements/dev.txt
compile --group recipes-jax -o requirements/recipes-jax.txt
compile --group recipes-torch -o requirements/recipes-torch.txt
