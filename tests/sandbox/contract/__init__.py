"""The calls of the contract test, by what they are about; each takes the workspace under test."""
