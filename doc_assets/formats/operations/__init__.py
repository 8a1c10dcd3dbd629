"""Operations of HTTP APIs, out of a description by OpenAPI or Swagger: for its own documents and for pages naming one.

Imports no reader of Markdown, as ``markdown`` shows operations on its pages: a ``Specification`` is given one.
"""
