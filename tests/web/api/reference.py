"""What docs/api.md says of each path, made of the API's own description.

`.venv/bin/python -m tests.web.api.reference` writes it there anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

DOC: Final = Path(__file__).parents[3] / "docs" / "api.md"
BEGIN: Final = "<!-- From the API's own description: python -m tests.web.api.reference -->\n"
END: Final = "<!-- End of what is made of it -->\n"
_ENVELOPE: Final = frozenset({"success", "timestamp"})
_Spec = dict[str, Any]


def made(spec: _Spec) -> str:
    """The reference of every operation, as Markdown."""
    lines: list[str] = []
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            lines += [f"### {method.upper()} {path}", "", _plain(operation["description"]), ""]
            lines += _asked(spec, operation)
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            lines += ["| answer | type | |", "|---|---|---|"]
            lines += [
                f"| `{name}` | {kind} | {words} |"
                for name, kind, words in _fields(spec, answer, "")
                if name not in _ENVELOPE
            ]
            lines.append("")
    return "\n".join(lines)


def _asked(spec: _Spec, operation: _Spec) -> list[str]:
    rows = [
        (one["name"], one["schema"], one.get("description", ""), one.get("required", False))
        for one in operation.get("parameters", [])
    ]
    body = operation.get("requestBody")
    if body is not None:
        schema = _whole(spec, body["content"]["application/json"]["schema"])
        place, whole = (
            ("body[]", _whole(spec, schema["items"])) if "items" in schema else ("body", schema)
        )
        rows += [
            (
                f"{place}: {name}",
                field,
                field.get("description", ""),
                name in whole.get("required", ()),
            )
            for name, field in whole["properties"].items()
        ]
    if not rows:
        return ["No parameters.", ""]
    lines = ["| asked | type | without | |", "|---|---|---|---|"]
    for name, schema, words, needed in rows:
        without = "must be there" if needed else _default(schema)
        lines.append(f"| `{name}` | {_kind(spec, schema)} | {without} | {_plain(words)} |")
    return [*lines, ""]


def _default(schema: _Spec) -> str:
    value = schema.get("default")
    return "" if value in (None, [], "") else f"`{str(value).lower() if value is False else value}`"


def _fields(spec: _Spec, schema: _Spec, before: str) -> Iterator[tuple[str, str, str]]:
    """Every field by its path: ``a.b`` of an object, ``a.*.b`` of one by name, ``a[].b``."""
    whole = _whole(spec, schema)
    for name, field in whole.get("properties", {}).items():
        place = f"{before}{name}"
        words = field.get("description") or _whole(spec, field).get("description", "")
        yield place, _kind(spec, field), _plain(words)
        inner, mark = _inside(spec, field)
        yield from _fields(spec, inner, f"{place}{mark}.")


def _inside(spec: _Spec, field: _Spec) -> tuple[_Spec, str]:
    if "items" in field:
        return field["items"], "[]"
    more = field.get("additionalProperties")
    if isinstance(more, dict):
        return more, ".*"
    return field, ""


def _whole(spec: _Spec, schema: _Spec) -> _Spec:
    reference = schema.get("$ref", "")
    found: _Spec = (
        spec["components"]["schemas"][reference.rsplit("/", 1)[1]] if reference else schema
    )
    return found


def _kind(spec: _Spec, schema: _Spec) -> str:
    if "anyOf" in schema:
        kinds = [_kind(spec, one) for one in schema["anyOf"]]
        return " or ".join(dict.fromkeys(kinds))
    whole = _whole(spec, schema)
    if "enum" in whole:
        return ", ".join(f"`{one}`" for one in whole["enum"])
    if "const" in whole:
        return f"`{str(whole['const']).lower()}`"
    if "items" in whole:
        return f"list of {_kind(spec, whole['items'])}"
    if isinstance(whole.get("additionalProperties"), dict):
        return f"{_kind(spec, whole['additionalProperties'])} by name"
    if whole.get("format") == "date-time":
        return "time"
    names = {"string": "text", "integer": "whole number", "boolean": "true or false"}
    kind = str(whole.get("type", "anything"))
    return names.get(kind, kind)


def _plain(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


def described() -> _Spec:
    """The API's description, of a console of its own."""
    # Not at the top: tests import this module, and ask the API they have.
    from tests.pages.console import ELSEWHERE, console_on  # noqa: PLC0415
    from tests.web.rig import asking  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        with console_on(data_dir, source_url=ELSEWHERE), asking(data_dir) as client:
            spec: _Spec = client.get("/admin/api/openapi.json").json()
            return spec


def main() -> None:
    """Write the reference into the page anew."""
    text = DOC.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOC.write_text(f"{before}{BEGIN}\n{made(described())}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
