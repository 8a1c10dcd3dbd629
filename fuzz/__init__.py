"""Coverage-guided fuzzing of everything that reads foreign bytes; development only, no part of the installed package.

``targets`` says what is fuzzed, ``properties`` what must hold, ``mutation`` and ``vocabulary`` how inputs are made,
``observing`` how one input is judged. These need no atheris, so the test suite replays ``seeds/`` through them.
``python -m fuzz`` runs the campaigns: ``session`` is one atheris process, ``minimising`` makes what it found small.
"""
