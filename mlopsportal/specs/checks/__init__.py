"""The checks, one module per kind of document; `specs.validate` is their front."""
