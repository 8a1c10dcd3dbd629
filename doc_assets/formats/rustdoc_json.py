"""Placeholder while the module is being written."""


class RustdocJsonFormat:
    name = "rustdoc_json"
    version = 0
    suffixes = frozenset()
    priority = 0

    def accepts(self, file):
        return False

    def parse(self, file):
        return []
