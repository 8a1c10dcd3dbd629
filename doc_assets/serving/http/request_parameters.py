"""Reads the parameters of a request into a pydantic model; unknown ones are an error, never ignored."""

from __future__ import annotations

import difflib
from typing import TypeVar, get_origin

from pydantic import BaseModel
from starlette.requests import Request

from doc_assets.errors import Misuse

Parameters = TypeVar("Parameters", bound=BaseModel)


def read_parameters(request: Request, model: type[Parameters]) -> Parameters:
    """Return the parameters as the model; those of its tuples may be repeated, or hold several values with commas.

    Raises:
        Misuse: A parameter is unknown, or is given twice.
        ValidationError: A value is not allowed.
    """
    given: dict[str, object] = {}
    for name in request.query_params:
        if name not in model.model_fields:
            near = difflib.get_close_matches(name, model.model_fields, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise Misuse(f"there is no parameter {name!r}{hint}: there are {', '.join(model.model_fields)}")
        values = request.query_params.getlist(name)
        if is_list(model, name):
            given[name] = [part for value in values for part in ([value] if name == "where" else value.split(","))]
        elif len(values) > 1:
            raise Misuse(f"the parameter {name!r} is given {len(values)} times: once is meant")
        else:
            given[name] = values[0]
    return model.model_validate(given)


def is_list(model: type[BaseModel], name: str) -> bool:
    """Return True for a field that holds several values."""
    return get_origin(model.model_fields[name].annotation) is tuple
