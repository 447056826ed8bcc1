"""``python -m vcanalytics.pictures``: reads one job, draws it, writes the file, and ends."""

from __future__ import annotations

import json
import sys

from vcanalytics.pictures.drawing import made

if __name__ == "__main__":
    sys.stdout.buffer.write(made(json.load(sys.stdin.buffer)))
