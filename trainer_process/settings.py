"""The base of all settings, and how their errors are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from trainer_process.errors import SettingsError

SettingsT = TypeVar("SettingsT", bound="Settings")


class Settings(BaseModel):
    """Frozen settings that refuse unknown names and non-finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @classmethod
    def validated(cls: type[SettingsT], values: Mapping[str, object], path: str = "$") -> SettingsT:
        """Settings out of plain data; `path` is where `values` stands in the whole.

        Raises:
            SettingsError: naming the path of the first wrong setting, what was expected there and what came.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise settings_error(error, cls, path) from None

    def to_plain(self) -> dict[str, object]:
        """The settings as plain data, every default filled in."""
        return self.model_dump(mode="json")


def settings_error(error: ValidationError, settings_class: type[Settings], path: str) -> SettingsError:
    """The first error that pydantic found, told as path, expected and received."""
    detail = error.errors(include_url=False)[0]
    where = path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    return SettingsError(where, _expected(detail, settings_class), _received(detail))


def _expected(detail: ErrorDetails, settings_class: type[Settings]) -> str:
    if detail["type"] == "extra_forbidden":
        siblings = _siblings(settings_class, detail["loc"])
        return f"one of the settings {', '.join(sorted(siblings))}"
    if detail["type"] == "missing":
        return "a value, since it has no default"
    sentence = detail["msg"]
    for prefix in ("Input should be ", "Value error, "):
        sentence = sentence.removeprefix(prefix)
    return sentence[:1].lower() + sentence[1:]


def _siblings(settings_class: type[Settings], location: tuple[int | str, ...]) -> list[str]:
    """The names that stand beside the unknown one, followed down through nested settings."""
    current = settings_class
    for part in location[:-1]:
        field = current.model_fields.get(str(part))
        inner = field.annotation if field is not None else None
        if not (isinstance(inner, type) and issubclass(inner, Settings)):
            break
        current = inner
    return list(current.model_fields)


def _received(detail: ErrorDetails) -> str:
    if detail["type"] == "missing":
        return "nothing"
    if detail["type"] == "extra_forbidden":
        return f"the unknown setting {detail['loc'][-1]!r}"
    text = repr(detail["input"])
    return text if len(text) <= 80 else text[:77] + "..."
