"""What rustdoc writes: its HTML pages (``html_format``) and its JSON (``json_format``), one document per item."""
