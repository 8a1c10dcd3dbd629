"""reStructuredText, parsed by docutils with Sphinx's directives and roles added; nothing is executed."""
