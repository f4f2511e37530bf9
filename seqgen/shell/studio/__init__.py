"""`seqgen studio`: one page where people play with the models, which run in the page itself."""

from pathlib import Path

PAGE = Path(__file__).parent / "page"  # what a browser loads, as it is
