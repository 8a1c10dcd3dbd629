"""Values that no output may show: the type that carries them, and the masking of what leaves the process.

The lowest package: errors and settings are built on it. Streams and logs that mask are in ``doc_assets.runtime``.
"""

from doc_assets.secrets.masking import (
    ADDRESS_VARIABLES,
    MASK,
    PROXY_VARIABLES,
    SECRET_VARIABLES,
    forget_all,
    learn,
    learn_address,
    learn_environment,
    mask,
    mask_data,
)
from doc_assets.secrets.secret import Secret, SecretAddress, address_problem, header_problem, text_problem

__all__ = [
    "ADDRESS_VARIABLES",
    "MASK",
    "PROXY_VARIABLES",
    "SECRET_VARIABLES",
    "Secret",
    "SecretAddress",
    "address_problem",
    "forget_all",
    "header_problem",
    "learn",
    "learn_address",
    "learn_environment",
    "mask",
    "mask_data",
    "text_problem",
]
