"""`seqgen studio`: one page where people play with the models, which run in the page itself; nothing leaves it."""
