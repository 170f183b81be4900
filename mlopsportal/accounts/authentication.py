"""How a REST caller proves who they are with a token; knows no permission."""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import Final

from django.utils.timezone import now
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from mlopsportal.accounts.models import ApiToken, User

SCHEME: Final = "Bearer"
_SECRET: Final = re.compile(r"mlops_[0-9a-f]{64}")
_REFUSED: Final = "This token is unknown, expired or revoked, or its account is disabled."


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`. A wrong, expired or revoked one, or a disabled owner, is a 401.

    Reads only: an expired token is refused and stays listed until its owner revokes it.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the owner and the token; None when the request carries none. Raises AuthenticationFailed."""
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME.lower().encode():
            return None
        token = find_token(secret.strip().decode("ascii", errors="replace"))
        if token is None:
            raise AuthenticationFailed(_REFUSED)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return f'{SCHEME} realm="mlopsportal"'


def find_token(secret: str) -> ApiToken | None:
    """Return the living token with this secret whose owner is enabled, else None."""
    if not _SECRET.fullmatch(secret):
        return None
    digest = hash_token(secret)
    candidates = ApiToken.objects.filter(token_key=secret[: CONSTANTS.TOKEN_KEY_LENGTH], expiry__gt=now())
    for token in candidates.select_related("user"):
        if compare_digest(digest, token.digest) and token.user.is_active:
            found: ApiToken = token
            return found
    return None
