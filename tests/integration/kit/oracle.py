"""The oracle: what an index must hold, told by the tables alone.

It shares no step with the engine: every table is read whole, in the order in which its rows win,
and the documents are put together in Python.
"""

import collections
import contextlib
import dataclasses

import psycopg2
from oracle_types import Types, convert, document_id, family, load_json
from psycopg2 import sql

SESSION = ("-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=iso_8601 -c bytea_output=hex "
           "-c extra_float_digits=1 -c row_security=off")
ROWS_A_FETCH = 5000
# In a foreign index nobody can tell whether a nested field without rows ever had some.
ABSENT_OR_EMPTY = object()


@dataclasses.dataclass
class Row:
    identity: str  # the document's _id; None where a part of it is NULL, and for property
    compared: object  # what compare_key() makes of the compare column; None but for property
    fields: dict


def compare_key(value):
    """A key that is the same for values equal as JSON; None for what equals nothing."""
    if value is None or isinstance(value, (list, dict)):
        return None
    return family(value), value


def field_at(document, path):
    """The value at "a" or "a.b"; None where there is none."""
    if path in document:
        return document[path]
    head, _, rest = path.partition(".")
    inner = document.get(head)
    return field_at(inner, rest) if rest and isinstance(inner, dict) else None


class JobReader:
    """The rows of one job: ordered as elements for nested, else the winner of a place last."""

    def __init__(self, connection, job):
        self.connection = connection
        source, self.target = job["source"], job["target"]
        self.kind = self.target["type"]
        schema, _, table = source["table_name"].rpartition(".")
        self.table = sql.Identifier(schema or "public", table)
        mappings = self.target.get("mappings") or [
            {"source_column": column, "alias": column} for column in source["columns"]]
        self.alias_to_column = {entry["alias"]: entry["source_column"] for entry in mappings}
        ids = self.target.get("id", [])
        self.id_columns = [self.alias_to_column[alias]
                           for alias in ([ids] if isinstance(ids, str) else ids)]
        self.compare_column = self._compare_column(source["columns"])
        self.field_aliases = [alias for alias, column in self.alias_to_column.items()
                              if column != self.compare_column]
        self.columns = sorted(filter(None, {*self.alias_to_column.values(), self.compare_column}))

    def rows(self):
        with self.connection.cursor() as cursor:
            kinds = self._kinds(cursor)
            order = self._element_order(cursor) + list(map(sql.Identifier, self._key(cursor)))
            query = sql.SQL("SELECT {} FROM {}").format(
                sql.SQL(", ").join(sql.SQL("to_json({})::text").format(sql.Identifier(column))
                                   for column in self.columns), self.table)
            if order:
                query += sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(order))
        with self.connection.cursor("oracle") as cursor:
            cursor.itersize = ROWS_A_FETCH
            cursor.execute(query)
            for values in cursor:
                yield self._row(kinds, dict(zip(self.columns, values)))

    def _compare_column(self, columns):
        if self.kind != "property":
            return None
        name = self.target["property"]["compare"]["source"]
        return name if name in columns else self.alias_to_column[name]

    def _row(self, kinds, raws):
        values = {column: None if raw is None else convert(kinds[column], load_json(raw))
                  for column, raw in raws.items()}
        identity = compared = None
        if self.kind == "property":
            compared = compare_key(values[self.compare_column])
        else:
            identity = document_id([kinds[column] for column in self.id_columns],
                                   [raws[column] for column in self.id_columns])
        return Row(identity, compared, {alias: values[self.alias_to_column[alias]]
                                        for alias in self.field_aliases})

    def _kinds(self, cursor):
        cursor.execute(
            "SELECT attname, atttypid FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attname = ANY(%s)", (self.table.as_string(self.connection), self.columns))
        types = Types(cursor)
        return {name: types.of(oid) for name, oid in cursor.fetchall()}

    def _element_order(self, cursor):
        """nested.id as its column orders, text by bytes; ascending order puts NULL last."""
        if self.kind != "nested":
            return []
        column = self.alias_to_column[self.target["nested"]["id"]]
        cursor.execute(
            "SELECT attcollation <> 0, format_type(atttypid, NULL) ~ 'citext$' FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attname = %s",
            (self.table.as_string(self.connection), column))
        is_text, ignores_case = cursor.fetchone()
        order = sql.Identifier(column)
        if ignores_case:
            order += sql.SQL("::text")
        if is_text:
            order += sql.SQL(' COLLATE "C"')
        return [order]

    def _key(self, cursor):
        """Columns of the primary key, else of a unique key; the highest one wins a place."""
        cursor.execute(
            "SELECT (SELECT array_agg(a.attname ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY"
            " AS k(attnum, n) JOIN pg_attribute a"
            " ON a.attrelid = i.indrelid AND a.attnum = k.attnum)"
            " FROM pg_index i WHERE i.indrelid = %s::regclass AND i.indisunique"
            " AND i.indpred IS NULL AND i.indexprs IS NULL"
            " ORDER BY NOT i.indisprimary, i.indexrelid LIMIT 1",
            (self.table.as_string(self.connection),))
        found = cursor.fetchone()
        return found[0] if found else []


class Oracle:
    """What the index of these jobs must hold.

    jobs: REST bodies, all on one index. sources: the psycopg2.connect() arguments by source name.
    """

    def __init__(self, jobs, sources):
        self.jobs = sorted(jobs, key=lambda job: job["name"])
        self.sources = sources
        assert len({(job["target"]["name"], job["target"]["index"]) for job in jobs}) == 1

    def documents(self):
        """{_id: _source} of an owned index; of a shared field the last index job has the word."""
        documents = {}
        for job in self._of("index"):
            for identity, fields in self._places(job).items():
                documents.setdefault(identity, {}).update(fields)
        assert self._of("index"), "an index without index job is foreign: it has an owner"
        self._add_elements(documents, lambda job, identity: [])
        self._add_objects_and_properties(documents)
        return documents

    def foreign_documents(self, owned, emptied=None):
        """{_id: _source} of a foreign index.

        owned: {_id: _source} as its owner wrote it. emptied: by the name of a nested job, the ids
        whose last row went while their document stood; where rows are missing otherwise, the
        field may be absent or empty (ABSENT_OR_EMPTY, see settled()).
        """
        assert not self._of("index"), "this index is not foreign"
        emptied = emptied or {}
        ours = set().union(*(self.fields_of(job) for job in self.jobs))
        documents = {
            identity: {name: value for name, value in source.items() if name not in ours}
            for identity, source in owned.items()}

        def without_rows(job, identity):
            return [] if identity in emptied.get(job["name"], ()) else ABSENT_OR_EMPTY
        self._add_elements(documents, without_rows)
        self._add_objects_and_properties(documents)
        return documents

    def fields_of(self, job):
        """The top-level fields that a job writes."""
        kind = job["target"]["type"]
        if kind in ("object", "nested"):
            return {job["target"][kind]["name"]}
        return set(JobReader(None, job).field_aliases)

    def _of(self, kind):
        return [job for job in self.jobs if job["target"]["type"] == kind]

    def _add_elements(self, documents, without_rows):
        for job in self._of("nested"):
            elements = collections.defaultdict(list)
            for row in self._rows(job):
                elements[row.identity].append(row.fields)
            for identity, document in documents.items():
                document[job["target"]["nested"]["name"]] = (
                    elements.get(identity) or without_rows(job, identity))

    def _add_objects_and_properties(self, documents):
        for job in self._of("object"):
            for identity, fields in self._places(job).items():
                if identity in documents:
                    documents[identity][job["target"]["object"]["name"]] = fields
        for job in self._properties_in_order():
            path = job["target"]["property"]["compare"]["target"]
            rows = {row.compared: row.fields for row in self._rows(job)}
            for document in documents.values():
                compared = compare_key(field_at(document, path))
                if compared is not None:
                    document.update(rows.get(compared, {}))

    def _properties_in_order(self):
        """Each after the one that sets the field it compares."""
        waiting = self._of("property")
        while waiting:
            unset = set().union(*(self.fields_of(job) for job in waiting))
            ready = [job for job in waiting
                     if job["target"]["property"]["compare"]["target"] not in unset]
            assert ready, "property jobs that wait for each other"
            yield from ready
            waiting = [job for job in waiting if job not in ready]

    def _places(self, job):
        """{_id: fields}: rows come with the winner last."""
        places = {row.identity: row.fields for row in self._rows(job)}
        places.pop(None, None)
        return places

    def _rows(self, job):
        parameters = self.sources[job["source"]["name"]]
        with contextlib.closing(psycopg2.connect(**parameters, options=SESSION)) as connection:
            yield from JobReader(connection, job).rows()


def settled(expected, found):
    """The same expectation; where absent and empty are both right, the one that was found."""
    result = {}
    for identity, document in expected.items():
        there = found.get(identity, {})
        result[identity] = {
            name: [] if value is ABSENT_OR_EMPTY else value for name, value in document.items()
            if value is not ABSENT_OR_EMPTY or there.get(name) == []}
    return result
