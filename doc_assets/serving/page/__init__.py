"""The search page for people, server-rendered: a form that works without a script, and a small script on top.

``routes`` holds its addresses, ``views`` what the templates show, ``blocks`` how stored text is laid out for the eye,
``highlighting`` the marks. All stored text reaches a page through Jinja's escaping; no markup is made in Python.
"""
