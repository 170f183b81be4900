"""The pages of the registry: each view reads what its template shows and decides nothing else."""
