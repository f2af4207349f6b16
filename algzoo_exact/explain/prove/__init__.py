"""Is a statement true everywhere in a domain, and how large is a probability or an error?"""
