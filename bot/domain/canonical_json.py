"""JSON in its one form, for digests: sorted keys, no spaces, ASCII only."""

import json

encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode
