"""AsciiDoc: lines with includes and conditions, blocks, lists, tables, text inside a line, and the format on top."""
