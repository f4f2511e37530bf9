"""A network and a head under one set of parameters, its folder, and where it goes."""
