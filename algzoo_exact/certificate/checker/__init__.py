"""The stand-alone checker of certificates, in parts: join.py makes check.py of them."""
