"""The MCP server: the service's answers as tools and resources for assistants, over stdio and Streamable HTTP.

``server.create_server`` builds it on the SDK's low-level ``Server``, whose handlers may say for each result how long it
may be kept; ``arguments`` reads what a model sends, ``tools`` has the tools, ``results`` the form of their answers,
``resources`` the ``docs://`` addresses. Answers are the models of ``doc_assets.serving.answers``.

Importing this package imports the SDK, which takes a second: only ``doc-assets mcp`` and ``serve`` do.
"""
