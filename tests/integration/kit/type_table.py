"""Values of every PostgreSQL type and the JSON that they must become.

TYPE_TABLE holds (sql_type, sql_expression, expected_json_text); the expression is of that type, and
the text is byte for byte what stands in the bulk body. NULL is null for all, and not listed.
SETUP_SQL makes the types and extensions. TYPES_SINCE tells types that older servers lack.
"""

SETUP_SQL = """
CREATE EXTENSION IF NOT EXISTS hstore;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE TYPE tt_mood AS ENUM ('sad', 'o''k "x"', 'happy');
CREATE TYPE tt_pair AS (a integer, b text);
CREATE TYPE "Tt odd" AS ("A ""b" integer, "žluť" text);
CREATE TYPE tt_outer AS (p tt_pair, d date, arr integer[], t text, at timestamptz);
CREATE TYPE tt_pairs AS (pairs tt_pair[], flags boolean[]);
CREATE TYPE tt_textrange AS RANGE (subtype = text, collation = "C");
CREATE TYPE tt_floatrange AS RANGE (subtype = float8);
CREATE DOMAIN tt_positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN tt_more AS tt_positive CHECK (VALUE > 10);
CREATE DOMAIN tt_ints AS integer[];
CREATE DOMAIN tt_code AS char(5);
CREATE DOMAIN tt_day AS date;
CREATE DOMAIN tt_pair_domain AS tt_pair;
CREATE DOMAIN tt_span AS daterange;
"""

# The lowest server_version_num that has the type.
TYPES_SINCE = {
    "int4multirange": 140000,
    "nummultirange": 140000,
    "tstzmultirange": 140000,
    "int4multirange[]": 140000,
}

_NUMBERS = [
    ("smallint", "-32768", "-32768"),
    ("smallint", "32767", "32767"),
    ("integer", "0", "0"),
    ("integer", "-2147483648", "-2147483648"),
    ("bigint", "9223372036854775807", "9223372036854775807"),
    ("bigint", "'-9223372036854775808'", "-9223372036854775808"),
    ("real", "1.5", "1.5"),
    ("real", "'0.1'", "0.1"),
    ("real", "'1e6'", "1e+06"),
    ("real", "'3.4028235e+38'", "3.4028235e+38"),
    ("real", "'1e-45'", "1e-45"),
    ("real", "'NaN'", "null"),
    ("real", "'Infinity'", "null"),
    ("real", "'-Infinity'", "null"),
    ("double precision", "0.1::float8 + 0.2::float8", "0.30000000000000004"),
    ("double precision", "'1e20'", "1e+20"),
    ("double precision", "'1e15'", "1e+15"),
    ("double precision", "123456789012345", "123456789012345"),
    ("double precision", "'0.0001'", "0.0001"),
    ("double precision", "'0.00001'", "1e-05"),
    ("double precision", "'-0'", "-0"),
    ("double precision", "'5e-324'", "5e-324"),
    ("double precision", "'1.7976931348623157e308'", "1.7976931348623157e+308"),
    ("double precision", "'NaN'", "null"),
    ("double precision", "'Infinity'", "null"),
    ("double precision", "'-Infinity'", "null"),
    ("numeric", "1.50", "1.50"),
    ("numeric", "'-0.00'", "0.00"),
    ("numeric", "'1e-20'", "0.00000000000000000001"),
    ("numeric", "'1e30'", "1000000000000000000000000000000"),
    (
        "numeric",
        "'123456789012345678901234567890.123456789012345678901234567890'",
        "123456789012345678901234567890.123456789012345678901234567890",
    ),
    ("numeric(8,3)", "1.5", "1.500"),
    ("numeric", "'NaN'", "null"),
]

_SIMPLE = [
    ("boolean", "true", "true"),
    ("boolean", "false", "false"),
    ("text", "''", '""'),
    ("text", "'  spaces stay  '", '"  spaces stay  "'),
    ("text", "E'quote \" backslash \\\\ slash /'", '"quote \\" backslash \\\\ slash /"'),
    ("text", "E'a\\tb\\nc\\rd\\be\\ff\\x0bg\\x01\\x1f\\x7f'",
     '"a\\tb\\nc\\rd\\be\\ff\\u000bg\\u0001\\u001f\x7f"'),
    ("text", "'\\N'", '"\\\\N"'),
    ("text", "'\\.'", '"\\\\."'),
    ("text", "'žluťoučký kůň 🐎'", '"žluťoučký kůň 🐎"'),
    ("text", "U&'\\2028'", '"\u2028"'),
    ("text", "'NULL'", '"NULL"'),
    ("text", "E'{\"delete\":{\"_id\":\"1\"}}\\n'", '"{\\"delete\\":{\\"_id\\":\\"1\\"}}\\n"'),
    ("varchar(10)", "'abc  '", '"abc  "'),
    ("char(5)", "'ab'", '"ab"'),
    ("char(5)", "' ab '", '" ab"'),
    ("char(3)", "''", '""'),
    ("char", "'x'", '"x"'),
    ('"char"', "'x'", '"x"'),
    ("citext", "'MiXed'", '"MiXed"'),
    ("name", "'pg_class'", '"pg_class"'),
    ("tt_mood", "'sad'", '"sad"'),
    ("tt_mood", "'o''k \"x\"'", '"o\'k \\"x\\""'),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'),
    ("xml", "'<a b=\"c\">x</a>'", '"<a b=\\"c\\">x</a>"'),
    ("bytea", "'\\xdeadbeef'", '"3q2+7w=="'),
    ("bytea", "''", '""'),
    ("bytea", "'\\x00'", '"AA=="'),
    ("bytea", "'\\xfbff00'", '"+/8A"'),
]

_DATES = [
    ("date", "'2026-01-31'", '"2026-01-31"'),
    ("date", "'0044-03-15'", '"0044-03-15"'),
    ("date", "'0044-03-15 BC'", '"-0043-03-15"'),
    ("date", "'0001-12-31 BC'", '"0000-12-31"'),
    ("date", "'4714-11-24 BC'", '"-4713-11-24"'),
    ("date", "'9999-12-31'", '"9999-12-31"'),
    ("date", "'12024-01-01'", '"+12024-01-01"'),
    ("date", "'5874897-12-31'", '"+5874897-12-31"'),
    ("date", "'infinity'", "null"),
    ("date", "'-infinity'", "null"),
    ("timestamp", "'2026-01-31 10:20:30.123456'", '"2026-01-31T10:20:30.123456"'),
    ("timestamp", "'2026-01-31 10:20:30'", '"2026-01-31T10:20:30"'),
    ("timestamp", "'2026-01-31 10:20:30.10'", '"2026-01-31T10:20:30.1"'),
    ("timestamp(0)", "'2026-01-31 10:20:30.6'", '"2026-01-31T10:20:31"'),
    ("timestamp", "'0044-03-15 10:00:00 BC'", '"-0043-03-15T10:00:00"'),
    ("timestamp", "'12024-01-01 00:00:00'", '"+12024-01-01T00:00:00"'),
    ("timestamp", "'294276-12-31 23:59:59.999999'", '"+294276-12-31T23:59:59.999999"'),
    ("timestamp", "'infinity'", "null"),
    ("timestamp", "'-infinity'", "null"),
    ("timestamptz", "'2026-01-31 10:20:30+00'", '"2026-01-31T10:20:30Z"'),
    ("timestamptz", "'2026-01-31 10:20:30.5+05:30'", '"2026-01-31T04:50:30.5Z"'),
    ("timestamptz", "'0044-03-15 10:00:00+00 BC'", '"-0043-03-15T10:00:00Z"'),
    ("timestamptz", "'0001-01-01 00:00:00+00 BC'", '"0000-01-01T00:00:00Z"'),
    ("timestamptz", "'12024-01-01 01:02:03.5+00'", '"+12024-01-01T01:02:03.5Z"'),
    ("timestamptz", "'infinity'", "null"),
    ("timestamptz", "'-infinity'", "null"),
    ("time", "'10:20:30.5'", '"10:20:30.5"'),
    ("time", "'24:00:00'", '"24:00:00"'),
    ("timetz", "'10:20:30+02'", '"10:20:30+02"'),
    ("timetz", "'10:20:30.25-05:30'", '"10:20:30.25-05:30"'),
    ("interval", "'1 year 2 months 3 days 04:05:06.5'", '"P1Y2M3DT4H5M6.5S"'),
    ("interval", "'-1 year -2 mons +3 days -04:05:06.5'", '"P-1Y-2M3DT-4H-5M-6.5S"'),
    ("interval", "'-1 day'", '"P-1D"'),
    ("interval", "'0'", '"PT0S"'),
]

_JSON = [
    ("json", "'{\"a\": [1, \"x\\ny\", null]}'", '{"a": [1, "x\\ny", null]}'),
    ("json", "E'[1,\\n{\"delete\":{\"_index\":\"x\",\"_id\":\"1\"}}\\n]'",
     '[1, {"delete":{"_index":"x","_id":"1"}} ]'),
    ("json", "E'{\"a\":\\r\\n\\t1.0}'", '{"a":  \t1.0}'),
    ("json", "'\"text\"'", '"text"'),
    ("json", "'null'", "null"),
    ("json", "'{\"u\":\"\\u0000\\u00e9\"}'", '{"u":"\\u0000\\u00e9"}'),
    ("jsonb", "'{\"b\":1.50,\"a\":[true,{\"c\":\"d\\\\e\"}]}'",
     '{"a": [true, {"c": "d\\\\e"}], "b": 1.50}'),
    ("jsonb", "E'[1,\\n2]'", "[1, 2]"),
    ("jsonb", "'\"x\"'", '"x"'),
    ("jsonb", "'{}'", "{}"),
]

_NETWORK = [
    ("inet", "'10.0.0.1'", '"10.0.0.1"'),
    ("inet", "'10.0.0.1/32'", '"10.0.0.1"'),
    ("inet", "'10.0.0.1/8'", '"10.0.0.1/8"'),
    ("inet", "'::1'", '"::1"'),
    ("inet", "'::1/128'", '"::1"'),
    ("inet", "'fe80::1/64'", '"fe80::1/64"'),
    ("cidr", "'10.0.0.0/8'", '"10.0.0.0/8"'),
    ("cidr", "'10.0.0.1/32'", '"10.0.0.1/32"'),
    ("macaddr", "'08-00-2B-01-02-03'", '"08:00:2b:01:02:03"'),
    ("macaddr8", "'08:00:2b:01:02:03:04:05'", '"08:00:2b:01:02:03:04:05"'),
]

_ARRAYS = [
    ("integer[]", "'{}'", "[]"),
    ("integer[]", "'{1,NULL,-3}'", "[1,null,-3]"),
    ("integer[]", "'{{1,2},{3,NULL}}'", "[[1,2],[3,null]]"),
    ("integer[]", "'{{{1},{2}},{{3},{4}}}'", "[[[1],[2]],[[3],[4]]]"),
    ("integer[]", "'[0:2]={7,8,9}'", "[7,8,9]"),
    ("integer[]", "'[1:1][-2:-1]={{1,2}}'", "[[1,2]]"),
    ("float8[]", "'{1e20,NaN,Infinity,-0}'", "[1e+20,null,null,-0]"),
    ("numeric[]", "'{1.50,NaN}'", "[1.50,null]"),
    ("boolean[]", "'{t,f,NULL}'", "[true,false,null]"),
    ("text[]", "ARRAY['a\"b', 'c\\d', '', ' x', 'a,b', '{', '}', 'NULL', NULL, E'l\\nf']",
     '["a\\"b","c\\\\d",""," x","a,b","{","}","NULL",null,"l\\nf"]'),
    ("text[]", "'[0:2]={a,b,\"NULL\"}'", '["a","b","NULL"]'),
    ("text[]", "ARRAY[ARRAY['a', 'b c'], ARRAY['(', ';']]", '[["a","b c"],["(",";"]]'),
    ("char(4)[]", "ARRAY['a', 'bc']", '["a","bc"]'),
    ("uuid[]", "'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'",
     '["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]'),
    ("date[]", "'{2026-01-31,infinity,0044-03-15 BC}'", '["2026-01-31",null,"-0043-03-15"]'),
    ("timestamptz[]", "'{2026-01-31 10:20:30.5+00,NULL}'", '["2026-01-31T10:20:30.5Z",null]'),
    ("interval[]", "'{1 day}'", '["P1D"]'),
    ("bytea[]", "ARRAY['\\xdeadbeef'::bytea, '']", '["3q2+7w==",""]'),
    ("json[]", "ARRAY[E'{\"a\":\\n\"b,c\"}'::json, 'null']", '[{"a": "b,c"},null]'),
    ("jsonb[]", "ARRAY['{\"a\": \"\\\"\"}'::jsonb, '2']", '[{"a": "\\""},2]'),
    ("inet[]", "'{10.0.0.1,10.0.0.0/8}'", '["10.0.0.1","10.0.0.0/8"]'),
    ("citext[]", "'{Aa,\"b c\"}'", '["Aa","b c"]'),
    ("tt_mood[]", "ARRAY['sad', 'o''k \"x\"']::tt_mood[]", '["sad","o\'k \\"x\\""]'),
    ("tt_pair[]", "ARRAY[ROW(1, 'x y')::tt_pair, NULL, ROW(NULL, 'a\"b\\c')::tt_pair]",
     '[{"a":1,"b":"x y"},null,{"a":null,"b":"a\\"b\\\\c"}]'),
    ("point[]", "ARRAY['(1.5,2)'::point, '(3,4)']", '[{"lon":1.5,"lat":2},{"lon":3,"lat":4}]'),
    ("box[]", "ARRAY['(1,1),(0,0)'::box, '(2,2),(0,0)']", '["(1,1),(0,0)","(2,2),(0,0)"]'),
    ("int4range[]", "ARRAY['[1,5)'::int4range, 'empty', NULL]", '[{"gte":1,"lt":5},null,null]'),
    ("hstore[]", "ARRAY['a=>1,b=>NULL'::hstore, '']", '[{"a":"1","b":null},{}]'),
    ("tt_positive[]", "'{1,2}'", "[1,2]"),
    ("tt_ints[]", "ARRAY['{1,2}'::tt_ints, '{3}'::tt_ints]", "[[1,2],[3]]"),
]

_RANGES = [
    ("int4range", "'[1,5]'", '{"gte":1,"lt":6}'),
    ("int4range", "'empty'", "null"),
    ("int4range", "'(,)'", "{}"),
    ("int8range", "'(,5]'", '{"lt":6}'),
    ("int8range", "'[7,)'", '{"gte":7}'),
    ("numrange", "'(1.5,2.50]'", '{"gt":1.5,"lte":2.50}'),
    ("numrange", "'[1.5,NaN]'", '{"gte":1.5}'),
    ("daterange", "'[2026-01-01,2026-02-01)'", '{"gte":"2026-01-01","lt":"2026-02-01"}'),
    ("daterange", "'[2026-01-01,infinity)'", '{"gte":"2026-01-01"}'),
    ("daterange", "'[0044-03-15 BC,2026-01-01)'", '{"gte":"-0043-03-15","lt":"2026-01-01"}'),
    ("tsrange", "'[2026-01-01,2026-01-02 10:00]'",
     '{"gte":"2026-01-01T00:00:00","lte":"2026-01-02T10:00:00"}'),
    ("tstzrange", "'(2026-01-01 00:00:00.5+00,2026-01-02 10:00+02)'",
     '{"gt":"2026-01-01T00:00:00.5Z","lt":"2026-01-02T08:00:00Z"}'),
    ("tstzrange", "'[-infinity,)'", "{}"),
    ("tt_textrange", "tt_textrange('a\"b\\c', 'x,y')", '{"gte":"a\\"b\\\\c","lt":"x,y"}'),
    ("tt_textrange", "tt_textrange('', 'null', '(]')", '{"gt":"","lte":"null"}'),
    ("tt_floatrange", "'[1e20,Infinity]'", '{"gte":1e+20}'),
    ("int4multirange", "'{[1,3),[5,6)}'", '"{[1,3),[5,6)}"'),
    ("nummultirange", "'{}'", '"{}"'),
    ("tstzmultirange", "'{[2026-01-01 00:00+00,2026-01-02 00:00+00)}'",
     '"{[\\"2026-01-01 00:00:00+00\\",\\"2026-01-02 00:00:00+00\\")}"'),
    ("int4multirange[]", "ARRAY['{[1,3)}'::int4multirange]", '["{[1,3)}"]'),
]

_GEOMETRY = [
    ("point", "'(1.5,2)'", '{"lon":1.5,"lat":2}'),
    ("point", "'(-0.5,1e300)'", '{"lon":-0.5,"lat":1e+300}'),
    ("point", "'(NaN,1)'", "null"),
    ("box", "'(1,1),(0,0)'", '"(1,1),(0,0)"'),
    ("circle", "'<(0,0),1.5>'", '"<(0,0),1.5>"'),
    ("line", "'{1,2,3}'", '"{1,2,3}"'),
    ("lseg", "'[(0,0),(1,1)]'", '"[(0,0),(1,1)]"'),
    ("path", "'((0,0),(1,1))'", '"((0,0),(1,1))"'),
    ("polygon", "'((0,0),(1,1),(1,0))'", '"((0,0),(1,1),(1,0))"'),
]

_COMPOSITES = [
    ("hstore", "'a=>1,b=>NULL'", '{"a":"1","b":null}'),
    ("hstore", "'\"c\\\"d\"=>\"x\\\\y, =>\", n=>\"NULL\"'",
     '{"n":"NULL","c\\"d":"x\\\\y, =>"}'),
    ("hstore", "''", "{}"),
    ("tt_pair", "ROW(1, 'x')", '{"a":1,"b":"x"}'),
    ("tt_pair", "ROW(NULL, NULL)", '{"a":null,"b":null}'),
    ("tt_pair", "ROW(1, '')", '{"a":1,"b":""}'),
    ("tt_pair", "ROW(1, E'a\"b\\\\c, (x)\\n')", '{"a":1,"b":"a\\"b\\\\c, (x)\\n"}'),
    ('"Tt odd"', "ROW(1, 'x')", '{"A \\"b":1,"žluť":"x"}'),
    ("tt_outer",
     "ROW(ROW(1, 'a\"b\\c, (x)'), '2026-01-31', ARRAY[1, NULL], '', '2026-01-31 10:20:30+00')",
     '{"p":{"a":1,"b":"a\\"b\\\\c, (x)"},"d":"2026-01-31","arr":[1,null],"t":"",'
     '"at":"2026-01-31T10:20:30Z"}'),
    ("tt_outer", "ROW(ROW(NULL, NULL), NULL, NULL, NULL, 'infinity')",
     '{"p":{"a":null,"b":null},"d":null,"arr":null,"t":null,"at":null}'),
    ("tt_pairs", "ROW(ARRAY[ROW(1, 'x,\"y')::tt_pair, NULL], '{{t},{f}}')",
     '{"pairs":[{"a":1,"b":"x,\\"y"},null],"flags":[[true],[false]]}'),
    ("tt_positive", "7", "7"),
    ("tt_more", "11", "11"),
    ("tt_ints", "'{{1,2},{3,4}}'", "[[1,2],[3,4]]"),
    ("tt_code", "'ab'", '"ab"'),
    ("tt_day", "'0044-03-15 BC'", '"-0043-03-15"'),
    ("tt_pair_domain", "ROW(1, 'x')", '{"a":1,"b":"x"}'),
    ("tt_span", "'[2026-01-01,)'", '{"gte":"2026-01-01"}'),
]

# Types that become their text.
_OTHERS = [
    ("money", "12.5", '"$12.50"'),
    ("money", "-1234567.5", '"-$1,234,567.50"'),
    ("bit(3)", "B'101'", '"101"'),
    ("bit varying", "B'0101'", '"0101"'),
    ("tsvector", "'fat cat'", '"\'cat\' \'fat\'"'),
    ("tsquery", "'fat & cat'", '"\'fat\' & \'cat\'"'),
    ("oid", "5", '"5"'),
    ("pg_lsn", "'16/B374D848'", '"16/B374D848"'),
    ("jsonpath", "'$.a'", '"$.\\"a\\""'),
    ("regclass", "'pg_class'", '"pg_class"'),
    ("int2vector", "'1 2'", '"1 2"'),
]

TYPE_TABLE = (
    _NUMBERS
    + _SIMPLE
    + _DATES
    + _JSON
    + _NETWORK
    + _ARRAYS
    + _RANGES
    + _GEOMETRY
    + _COMPOSITES
    + _OTHERS
)
