"""The oracle's values: what JSON each value of a column must become.

Independent of the engine on purpose: it lets PostgreSQL make JSON (to_json), which the engine never
does, and puts right in Python what documents say differently. Numbers are Decimals, so
1.0 equals 1.00 and no digit is lost.
"""

import base64
import dataclasses
import decimal
import json
import re

NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
DATES = {"date", "timestamp", "timestamptz"}
FINITE = re.compile(r"-?[\d.]+(e[-+]?\d+)?")


def load_json(text):
    return json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)


def family(value):
    """What kind of JSON value it is; values of two families are never equal."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, decimal.Decimal)):
        return "number"
    return type(value).__name__


@dataclasses.dataclass
class Type:
    name: str
    kind: str  # number, date, bytea, padded, array, range, composite, point, vector, plain
    element: "Type" = None
    fields: dict = None


class Types:
    """The types of columns, from the catalog."""

    def __init__(self, cursor):
        self._cursor = cursor
        self._known = {}

    def of(self, oid):
        if oid not in self._known:
            self._known[oid] = self._read(oid)
        return self._known[oid]

    def _read(self, oid):
        self._cursor.execute(
            "SELECT typname, typtype, typcategory, typelem, typbasetype, typrelid"
            " FROM pg_type WHERE oid = %s", (oid,))
        name, kind, category, element, base, relation = self._cursor.fetchone()
        if kind == "d":
            return self.of(base)
        if kind == "c":
            return Type(name, "composite", fields=self._fields(relation))
        if kind == "r":
            self._cursor.execute("SELECT rngsubtype FROM pg_range WHERE rngtypid = %s", (oid,))
            return Type(name, "range", element=self.of(self._cursor.fetchone()[0]))
        if category == "A" and element and name.startswith("_"):
            return Type(name, "array", element=self.of(element))
        return Type(name, self._scalar_kind(name))

    @staticmethod
    def _scalar_kind(name):
        if name in NUMBERS:
            return "number"
        if name in DATES:
            return "date"
        return {"bytea": "bytea", "bpchar": "padded", "point": "point",
                "int2vector": "vector", "oidvector": "vector"}.get(name, "plain")

    def _fields(self, relation):
        self._cursor.execute(
            "SELECT attname, atttypid FROM pg_attribute WHERE attrelid = %s AND attnum > 0"
            " AND NOT attisdropped ORDER BY attnum", (relation,))
        return {name: self.of(oid) for name, oid in self._cursor.fetchall()}


def iso_date(text):
    """A date or timestamp as PostgreSQL prints it (blank or T), as documents have it."""
    if text in ("infinity", "-infinity"):
        return None
    before_christ = text.endswith(" BC")
    text = text.removesuffix(" BC").replace(" ", "T")
    text = re.sub(r"\+00(:00)?$", "Z", text)
    year, rest = re.fullmatch(r"(\d+)(-.*)", text).groups()
    if before_christ:
        # ISO 8601 has a year 0, so 44 BC is -0043.
        astronomical = int(year) - 1
        return (f"-{astronomical:04d}" if astronomical else "0000") + rest
    return ("+" if len(year) > 4 else "") + year + rest


def from_text(kind, text):
    """The JSON value of a scalar's text, as found inside ranges."""
    if kind.kind == "number":
        return decimal.Decimal(text) if FINITE.fullmatch(text) else None
    return convert(kind, text)


def range_bounds(text):
    """('[', low, high, ')') of a range's text; a missing bound is None."""
    item = r'(?:"((?:[^"\\]|\\.|"")*)"|([^",\[\]()]*))'
    found = re.fullmatch(rf"([\[(]){item},{item}([\])])", text, re.S)
    opening, low_quoted, low, high_quoted, high, closing = found.groups()

    def bound(quoted, bare):
        if quoted is None:
            return bare or None
        return re.sub(r'\\(.)|"(")', r"\1\2", quoted, flags=re.S)
    return opening, bound(low_quoted, low), bound(high_quoted, high), closing


def convert_range(kind, text):
    if text == "empty":
        return None
    opening, low, high, closing = range_bounds(text)
    bounds = {"gte" if opening == "[" else "gt": low, "lte" if closing == "]" else "lt": high}
    values = {name: from_text(kind.element, text) for name, text in bounds.items()
              if text is not None}
    # A bound that JSON cannot say (infinity) is none.
    return {name: value for name, value in values.items() if value is not None}


def convert_point(text):
    lon, lat = text.strip("()").split(",")
    if not (FINITE.fullmatch(lon) and FINITE.fullmatch(lat)):
        return None
    return {"lon": decimal.Decimal(lon), "lat": decimal.Decimal(lat)}


def convert(kind, value):
    """From what to_json() made of a value to what documents hold."""
    if value is None:
        return None
    if kind.kind == "array":
        return [convert(kind.element, item) for item in value]
    if kind.kind == "composite":
        return {name: convert(field, value[name]) for name, field in kind.fields.items()}
    if kind.kind == "number":
        return None if isinstance(value, str) else value
    if kind.kind == "date":
        return iso_date(value)
    if kind.kind == "padded":
        return value.rstrip(" ")
    if kind.kind == "bytea":
        return base64.b64encode(bytes.fromhex(value.removeprefix("\\x"))).decode()
    if kind.kind == "range":
        return convert_range(kind, value)
    if kind.kind == "point":
        return convert_point(value)
    if kind.kind == "vector":
        return " ".join(map(str, value))
    return value


def id_text(kind, raw):
    """The text of one id value (its JSON without quotes), or None where there is none."""
    if raw is None:
        return None
    if kind.kind == "number":
        return None if raw.startswith('"') else raw
    value = convert(kind, load_json(raw))
    if value is None:
        return None
    return value if isinstance(value, str) else raw


def document_id(kinds, raws):
    parts = [id_text(kind, raw) for kind, raw in zip(kinds, raws)]
    if any(part is None for part in parts):
        return None
    if len(parts) == 1:
        return parts[0]
    return "_".join(part.replace("%", "%25").replace("_", "%5F") for part in parts)
