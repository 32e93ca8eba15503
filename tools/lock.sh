#!/usr/bin/env bash
# Resolve pyproject.toml anew into hashed lock files without index addresses.
# Run after a change of a dependency, then read the diff before committing it.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
lock() { "$uv" pip compile "$@" --universal --generate-hashes --no-header --python-version 3.11 --quiet; }
lock requirements/bootstrap.in --output-file requirements/bootstrap.txt
for extra in device server dev; do
  lock pyproject.toml --extra "$extra" --output-file "requirements/$extra.txt"
done
# of a benchmark's rival, never installed beside Choba
lock tests/benchmarks/hordak.in --output-file tests/benchmarks/hordak.txt
