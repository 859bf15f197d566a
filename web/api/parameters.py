"""Query strings read into frozen types: each parameter once, in its range, with a message that says what was meant.

The type of the parameters is declared once as a `msgspec.Struct`; from it come this reading and the OpenAPI document.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.inspect import (
    BoolType,
    EnumType,
    Field,
    FloatType,
    IntType,
    Metadata,
    NoneType,
    StrType,
    StructType,
    Type,
    UnionType,
    VarTupleType,
    type_info,
)
from werkzeug.datastructures import MultiDict

from web.api.problems import BAD_PARAMETER, Refusal
from web.values import read_number, read_whole, unseen_character

_Wanted = TypeVar("_Wanted", bound=msgspec.Struct)

_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One parameter as its field declares it; `repeated` parameters are read into a tuple of all their values."""

    name: str
    type: Type
    required: bool
    repeated: bool = False
    most: int | None = None


class Reader(Generic[_Wanted]):
    """Reads query strings into one type.

    Parameters
    ----------
    wanted
        A frozen `msgspec.Struct`. Fields are strings, numbers, truth values, enumerations, any of these or None, or
        tuples of strings, which may be repeated in the address; `msgspec.Meta` holds their limits.
    """

    def __init__(self, wanted: type[_Wanted]) -> None:
        info = type_info(wanted)
        assert isinstance(info, StructType), wanted
        self._wanted = wanted
        self._parameters: Mapping[str, _Parameter] = {field.encode_name: _parameter(field) for field in info.fields}
        self._required = tuple(one.name for one in self._parameters.values() if one.required)

    def read(self, arguments: MultiDict[str, str]) -> _Wanted:
        """Read the values of an address.

        Raises
        ------
        web.api.problems.Refusal
            If a parameter is missing, not known, given twice or out of its range.
        """
        found: dict[str, Any] = {}
        for name, values in arguments.lists():
            parameter = self._parameters.get(name)
            if parameter is None:
                raise self._unknown(name)
            found[name] = _read_all(parameter, values)
        for name in self._required:
            if name not in found:
                raise Refusal(BAD_PARAMETER, f"expected the parameter {name}, which is not given", name)
        return self._wanted(**found)

    def _unknown(self, name: str) -> Refusal:
        shown = _shortened(name)
        offers = difflib.get_close_matches(name[:80], self._parameters, 1, 0.5)
        known = ", ".join(self._parameters)
        if offers:
            slip = f"did you mean {offers[0]}?"
        else:
            slip = f"there are {known}" if known else "this operation takes none"
        return Refusal(BAD_PARAMETER, f"there is no parameter {shown}: {slip}", shown, offers)


def _parameter(field: Field) -> _Parameter:
    kind = _bare(field.type)
    if isinstance(kind, VarTupleType):
        return _Parameter(field.encode_name, _bare(kind.item_type), field.required, True, kind.max_length)
    return _Parameter(field.encode_name, kind, field.required)


def _bare(kind: Type) -> Type:
    """Return a type without what is only said about it, and without None, which no address can give."""
    if isinstance(kind, Metadata):
        return _bare(kind.type)
    if isinstance(kind, UnionType):
        (only,) = (one for one in kind.types if not isinstance(one, NoneType))
        return _bare(only)
    return kind


def _read_all(parameter: _Parameter, values: list[str]) -> Any:
    if parameter.repeated:
        if parameter.most is not None and len(values) > parameter.most:
            raise _refusal(parameter, f"at most {parameter.most} values", f"{len(values):,}")
        return tuple(_read(parameter, value) for value in values)
    if len(values) > 1:
        raise _refusal(parameter, "one value", f"{len(values):,}: is it in the address twice?")
    return _read(parameter, values[0])


def _read(parameter: _Parameter, text: str) -> Any:
    kind = parameter.type
    if isinstance(kind, StrType):
        return _read_text(parameter, kind, text)
    if isinstance(kind, IntType):
        return _read_whole(parameter, kind, text)
    if isinstance(kind, FloatType):
        return _read_number(parameter, kind, text)
    if isinstance(kind, BoolType):
        if text not in _TRUTH:
            raise _refusal(parameter, "true or false", _quoted(text))
        return _TRUTH[text]
    assert isinstance(kind, EnumType), kind
    try:
        return kind.cls(text)
    except ValueError:
        raise _refusal(parameter, f"one of {', '.join(one.value for one in kind.cls)}", _quoted(text)) from None


def _read_text(parameter: _Parameter, kind: StrType, text: str) -> str:
    if kind.max_length is not None and len(text) > kind.max_length:
        raise _refusal(parameter, f"at most {kind.max_length:,} characters", f"{len(text):,}")
    if kind.min_length is not None and len(text) < kind.min_length:
        raise _refusal(parameter, "some text", "none")
    if code := unseen_character(text):
        raise _refusal(parameter, "text", f"the unseen character {code}: was it copied from elsewhere?")
    return text


def _read_whole(parameter: _Parameter, kind: IntType, text: str) -> int:
    number = read_whole(text)
    if number is None:
        raise _refusal(parameter, f"a whole number{_range(kind)}", _quoted(text))
    return int(_within(parameter, kind, number, text))


def _read_number(parameter: _Parameter, kind: FloatType, text: str) -> float:
    number = read_number(text)
    if number is None:
        slip = ", with a point, not a comma" if "," in text else ""
        raise _refusal(parameter, f"a number{_range(kind)}{slip}", _quoted(text))
    return _within(parameter, kind, number, text)


def _within(parameter: _Parameter, kind: IntType | FloatType, value: float, text: str) -> float:
    if (kind.ge is not None and value < kind.ge) or (kind.le is not None and value > kind.le):
        what = "a whole number" if isinstance(kind, IntType) else "a number"
        raise _refusal(parameter, what + _range(kind), _shortened(text))
    return value


def _range(kind: IntType | FloatType) -> str:
    low = "" if kind.ge is None else f" from {kind.ge:,}"
    return low + ("" if kind.le is None else f" to {kind.le:,}")


def _refusal(parameter: _Parameter, expected: str, came: str) -> Refusal:
    return Refusal(BAD_PARAMETER, f"{parameter.name}: expected {expected}, got {came}", parameter.name)


def _quoted(text: str) -> str:
    return f"“{_shortened(text)}”" if text else "nothing"


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
