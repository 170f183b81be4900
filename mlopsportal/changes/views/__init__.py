"""The pages of changes: reading one, opening one, and what people do to one."""
