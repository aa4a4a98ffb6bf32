"""Parses HCL files, and prints them as JSON by path. Values are of no matter to whoever reads it, names are."""

import json
import sys

import hcl2

parsed = {}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        parsed[path] = hcl2.load(file)
json.dump(parsed, sys.stdout)
