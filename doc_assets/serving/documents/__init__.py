"""Documents for readers: their ids, facts, pages and text; how a search finds them is in ``serving.search``."""
