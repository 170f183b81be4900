"""Which credentials the environment describes: the parts a named one has, and what is wrong with them; signs in
nowhere and shows no value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Final

PREFIX: Final = "MLOPSPORTAL_CREDENTIAL_"
NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
IDENTITY: Final = ("TENANT_ID", "CLIENT_ID")
PROOFS: Final = ("CLIENT_SECRET", "CERTIFICATE_PATH", "WORKLOAD_IDENTITY_TOKEN_FILE")
MANAGED: Final = "MANAGED_IDENTITY"
PARTS: Final = (*IDENTITY, *PROOFS, "CERTIFICATE_PASSWORD", MANAGED)
_CLEAR = 0.75
_YES, _NO = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def parts_of(name: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the parts that are set of the credential with this name, by part; empty ones count as not set."""
    prefix = f"{PREFIX}{name.upper()}_"
    return {part: environment[prefix + part] for part in PARTS if environment.get(prefix + part)}


def is_managed(parts: Mapping[str, str]) -> bool:
    return parts.get(MANAGED, "").lower() in _YES


def missing(parts: Mapping[str, str]) -> str:
    """Return the first part that is still needed; "" for a whole credential."""
    if is_managed(parts):
        return ""
    lacking = [part for part in IDENTITY if part not in parts]
    return next(iter(lacking), "" if any(proof in parts for proof in PROOFS) else PROOFS[0])


def problems(environment: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable or credential that would not do what whoever wrote it meant."""
    names: dict[str, None] = {}
    found = []
    for variable in sorted(name for name in environment if name.startswith(PREFIX)):
        part = next((part for part in PARTS if variable.endswith(f"_{part}")), "")
        name = variable.removeprefix(PREFIX).removesuffix(part).removesuffix("_")
        if not part or not NAME.match(name) or name != name.upper():
            found.append(_unknown(variable))
        else:
            names[name] = None
    return found + [sentence for name in names for sentence in _faults(name, parts_of(name, environment))]


def _unknown(variable: str) -> str:
    """Say of a variable that no part ends which ones there are, and which of them was meant where that is clear."""
    alike = {part: SequenceMatcher(None, variable[-len(part) :], part).ratio() for part in PARTS}
    meant = max(alike, key=lambda part: alike[part])
    hint = f" Did you mean …_{meant}?" if alike[meant] > _CLEAR else ""
    form = f"it has to be {PREFIX}NAME_PART in capitals, PART one of {', '.join(PARTS)}"
    return f"{variable} is no part of a credential: {form}.{hint}"


def _faults(name: str, parts: Mapping[str, str]) -> Iterator[str]:
    if not parts:
        return
    managed = parts.get(MANAGED, "").lower()
    if managed and managed not in _YES | _NO:
        yield f"{PREFIX}{name}_{MANAGED} must be on or off, not {managed!r}."
        return
    ways = [*([MANAGED] if is_managed(parts) else []), *(proof for proof in PROOFS if proof in parts)]
    if len(ways) > 1:
        yield f"The credential {name} signs in two ways, {' and '.join(ways)}: keep one of them."
    if lacking := missing(parts):
        proofs = " or ".join(PROOFS)
        need = f"one of {proofs}" if lacking in PROOFS else lacking
        whole = f"it takes {', '.join(IDENTITY)} and {proofs}, or {MANAGED}"
        yield f"The credential {name} lacks {need} ({PREFIX}{name}_…): {whole}."
    if "CERTIFICATE_PASSWORD" in parts and "CERTIFICATE_PATH" not in parts:
        yield f"The credential {name} has a CERTIFICATE_PASSWORD without a CERTIFICATE_PATH."
