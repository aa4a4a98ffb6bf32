"""Parses PowerShell files, and names each place that is none of the language. Ends with 1 where there is one."""

import sys

import tree_sitter
import tree_sitter_powershell


def wrong_places(node):
    if node.is_error or node.is_missing:
        yield node
    for child in node.children:
        yield from wrong_places(child)


parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
count = 0
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        tree = parser.parse(file.read())
    for node in wrong_places(tree.root_node):
        count += 1
        line, column = node.start_point
        print(f"{path}:{line + 1}:{column + 1}: {node.type} {node.text[:60]!r}")
sys.exit(count > 0)
