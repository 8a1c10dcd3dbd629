"""reStructuredText, read by docutils with Sphinx's directives and roles stated in its terms; nothing is executed."""
