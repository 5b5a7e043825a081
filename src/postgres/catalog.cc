#include "postgres/catalog.h"

#include <algorithm>
#include <map>
#include <memory>

namespace syncline::postgres {

namespace {

struct TypeRow {
  std::string schema, name, quoted;
  char type = 'b';
  uint32_t base = 0, element = 0, relation = 0;
  char delimiter = ',';
  uint32_t array = 0;
  std::string equality;
};
using TypeRows = std::map<uint32_t, TypeRow>;

struct AttributeRow {
  std::string name;
  uint32_t type = 0;
  bool collated = false;
  bool is_virtual = false;
  bool has_chunk_id = false;
};
using CompositeRows = std::map<uint32_t, std::vector<AttributeRow>>;  // by typrelid

const char* const kRelationSql =
    "SELECT c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname),"
    " NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid OR inhparent = c.oid) AND "
    "c.relkind = 'r',"
    // A log of keys, of this Syncline or another: what it logs of itself it logs for ever.
    " EXISTS (WITH RECURSIVE tree(oid) AS (SELECT c.oid UNION SELECT i.inhrelid FROM tree t JOIN"
    "   pg_inherits i ON i.inhparent = t.oid)"
    "  SELECT FROM tree t JOIN pg_class l ON l.oid = t.oid JOIN pg_class o"
    "   ON o.relnamespace = l.relnamespace AND o.relname = 'instance' AND o.relkind = 'r'"
    "  WHERE (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = o.oid AND NOT a.attisdropped"
    "   AND a.attname IN ('id', 'format', 'schema_created')) = 3)"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = $1 AND c.relname = $2";

// Every type reachable from the table's columns: domains' bases, arrays' elements, ranges'
// subtypes, composites' fields.
const char* const kTypesSql =
    "WITH RECURSIVE needed(oid) AS ("
    "  SELECT atttypid FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT "
    "attisdropped"
    "  UNION"
    "  SELECT r.oid FROM needed n JOIN pg_type t ON t.oid = n.oid CROSS JOIN LATERAL ("
    "    SELECT t.typbasetype AS oid WHERE t.typtype = 'd'"
    "    UNION ALL SELECT t.typelem WHERE t.typinput = 'array_in'::regproc"
    "    UNION ALL SELECT g.rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid"
    "    UNION ALL SELECT a.atttypid FROM pg_attribute a"
    "      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT "
    "a.attisdropped) r)"
    // After a schema's name no word is a keyword; quote_ident would quote "numeric" and the like.
    "SELECT t.oid, n.nspname, t.typname, CASE WHEN n.nspname = 'pg_catalog' AND t.typname ~ "
    "'^[a-z0-9_]+$'"
    " THEN 'pg_catalog.' || t.typname ELSE quote_ident(n.nspname) || '.' || quote_ident(t.typname) "
    "END, t.typtype,"
    " CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE 0 END,"
    " CASE WHEN t.typinput = 'array_in'::regproc THEN t.typelem"
    "      ELSE coalesce((SELECT g.rngsubtype FROM pg_range g WHERE g.rngtypid = t.oid), 0) END,"
    " t.typrelid, t.typdelim, t.typarray"
    " FROM needed d JOIN pg_type t ON t.oid = d.oid JOIN pg_namespace n ON n.oid = t.typnamespace";

const char* const kAttributesSql =
    "SELECT a.attrelid, a.attname, a.atttypid, a.attcollation <> 0, a.attgenerated = 'v',"
    " t.typstorage IN ('x', 'e')"
    "  AND to_regprocedure('pg_catalog.pg_column_toast_chunk_id(\"any\")') IS NOT NULL"
    " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
    " WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY "
    "a.attrelid, a.attnum";

// The columns that the expressions of generated columns read.
const char* const kComputedSql =
    "SELECT a.attname, r.attname FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid"
    " AND a.attnum = f.adnum JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass"
    " AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = f.adrelid"
    " AND d.refobjsubid <> f.adnum JOIN pg_attribute r ON r.attrelid = f.adrelid"
    " AND r.attnum = d.refobjsubid WHERE f.adrelid = $1::oid AND a.attgenerated <> ''"
    " ORDER BY a.attnum, r.attnum";

// By which operator values of a type are the same to an index, where that is certain: of the type's
// own default operators; of those of a type of PostgreSQL's that has the same form (varchar, cidr);
// of all enums, as long as no cast of somebody's lets an operator of another type do as well.
const char* const kEqualitySql =
    "SELECT t.oid, coalesce(own.equality, CASE"
    " WHEN t.typtype = 'e' AND NOT EXISTS (SELECT FROM pg_cast k WHERE k.castsource = t.oid"
    "  AND k.castcontext = 'i') THEN 'pg_catalog.='"
    " WHEN t.typnamespace = 'pg_catalog'::regnamespace AND (t.typtype = 'm' OR EXISTS (SELECT"
    "   FROM pg_cast k JOIN pg_opclass c ON c.opcintype = k.casttarget AND c.opcdefault"
    "   JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'"
    "  WHERE k.castsource = t.oid AND k.castmethod = 'b' AND k.castcontext = 'i'))"
    "  THEN 'pg_catalog.=' END)"
    " FROM pg_type t LEFT JOIN LATERAL ("
    "  SELECT quote_ident(n.nspname) || '.' || o.oprname AS equality"
    "  FROM pg_opclass c JOIN pg_am m ON m.oid = c.opcmethod AND m.amname = 'btree'"
    "  JOIN pg_amop a ON a.amopfamily = c.opcfamily AND a.amopstrategy = 3"
    "   AND a.amoplefttype = c.opcintype AND a.amoprighttype = c.opcintype"
    "  JOIN pg_operator o ON o.oid = a.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace"
    "  WHERE c.opcdefault AND c.opcintype = t.oid) own ON true"
    " WHERE t.oid = ANY ($1::oid[])";

const char* const kUniqueSql =
    "SELECT i.indisprimary, bool_and(a.attnotnull), string_agg(a.attname, E'\\x01' ORDER BY k.ord)"
    " FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, ord)"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
    " WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND "
    "i.indexprs IS NULL"
    " AND k.ord <= i.indnkeyatts"
    " GROUP BY i.indexrelid, i.indisprimary ORDER BY i.indisprimary DESC, bool_and(a.attnotnull) "
    "DESC, i.indexrelid";

const char* const kIndexedSql =
    "SELECT DISTINCT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
    " AND a.attnum = i.indkey[0] WHERE i.indrelid = $1::oid AND i.indisvalid AND i.indpred IS NULL";

// A leaf that is read through its parent comes with its bounds, by which the planner leaves out the
// others: where nobody's code is in them but PostgreSQL's own.
const std::string kLeavesSql =
    std::string(
        "WITH RECURSIVE tree(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid FROM tree t JOIN "
        "pg_inherits i ON i.inhparent = t.oid AND ") +
    kIsNotLeaving +
    ") SELECT c.oid, c.relkind, quote_ident(n.nspname) || '.' || quote_ident(c.relname),"
    " coalesce(pg_relation_size(c.oid), 0) / "
    "current_setting('block_size')::int,"
    " c.reltuples, r.by_itself,"
    " CASE WHEN NOT r.by_itself AND NOT EXISTS (SELECT FROM pg_partition_ancestors(c.oid) a"
    "   JOIN pg_partitioned_table p ON p.partrelid = a.relid"
    "   CROSS JOIN LATERAL unnest(p.partattrs::int2[], p.partclass::oid[]) k(attnum, class)"
    "   LEFT JOIN pg_opclass o ON o.oid = k.class"
    "   WHERE p.partstrat = 'h' OR k.attnum = 0 OR o.opcnamespace <> 'pg_catalog'::regnamespace)"
    " THEN pg_get_partition_constraintdef(c.oid) END"
    " FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace"
    " CROSS JOIN LATERAL (SELECT c.oid = $1::oid OR has_table_privilege(c.oid, 'SELECT')"
    "  AND has_schema_privilege(n.oid, 'USAGE') AND NOT row_security_active(c.oid) AS by_itself) r"
    " WHERE c.relkind <> 'p' ORDER BY c.oid";

uint32_t oid_of(const Rows& rows, int row, int column) {
  return static_cast<uint32_t>(rows.integer(row, column));
}

std::string oid_array(const std::vector<uint32_t>& oids) {
  std::string literal = "{";
  for (uint32_t oid : oids) literal += (literal.size() > 1 ? "," : "") + std::to_string(oid);
  return literal + "}";
}

PgType::Kind kind_of(const TypeRow& row) {
  static const std::map<std::string, PgType::Kind, std::less<>> built_in = {
      {"int2", PgType::Kind::number},
      {"int4", PgType::Kind::number},
      {"int8", PgType::Kind::number},
      {"float4", PgType::Kind::number},
      {"float8", PgType::Kind::number},
      {"numeric", PgType::Kind::number},
      {"bool", PgType::Kind::boolean},
      {"bpchar", PgType::Kind::padded_text},
      {"date", PgType::Kind::date},
      {"timestamp", PgType::Kind::timestamp},
      {"timestamptz", PgType::Kind::timestamptz},
      {"json", PgType::Kind::json},
      {"jsonb", PgType::Kind::json},
      {"bytea", PgType::Kind::bytea},
      {"point", PgType::Kind::point},
  };
  if (row.type == 'r') return PgType::Kind::range;
  if (row.type == 'c') return PgType::Kind::composite;
  if (row.schema == "pg_catalog") {
    const auto found = built_in.find(row.name);
    return found == built_in.end() ? PgType::Kind::text : found->second;
  }
  return row.name == "hstore" ? PgType::Kind::hstore : PgType::Kind::text;
}

class TypeMaker {
 public:
  TypeMaker(const TypeRows& rows, const CompositeRows& composites)
      : rows_(rows), composites_(composites) {}

  PgTypePtr make(uint32_t oid) {
    const auto made = made_.find(oid);
    if (made != made_.end()) return made->second;
    const TypeRow& row = rows_.at(oid);
    PgTypePtr type = row.base != 0 ? make(row.base) : make_base(row);
    made_.emplace(oid, type);
    return type;
  }

 private:
  PgTypePtr make_base(const TypeRow& row) {
    auto type = std::make_shared<PgType>();
    type->name = row.quoted;
    type->kind = kind_of(row);
    if (row.element != 0) {
      type->element = make(row.element);
      if (type->kind != PgType::Kind::range) {
        type->kind = PgType::Kind::array;
        type->delimiter = rows_.at(row.element).delimiter;
      }
    }
    if (type->kind == PgType::Kind::composite) {
      const auto fields = composites_.find(row.relation);
      if (fields != composites_.end()) {
        for (const AttributeRow& field : fields->second)
          type->fields.push_back({field.name, make(field.type)});
      }
    }
    return type;
  }

  const TypeRows& rows_;
  const CompositeRows& composites_;
  std::map<uint32_t, PgTypePtr> made_;
};

// Whether a value's text is the same whatever the writer's session has set.
bool text_is_fixed(const PgType& type) {
  static const std::vector<std::string_view> fixed = {
      "pg_catalog.int2",   "pg_catalog.int4", "pg_catalog.int8",    "pg_catalog.numeric",
      "pg_catalog.text",   "pg_catalog.uuid", "pg_catalog.varchar", "pg_catalog.bool",
      "pg_catalog.bpchar", "pg_catalog.name"};
  return std::find(fixed.begin(), fixed.end(), type.name) != fixed.end();
}

Result<CompositeRows> read_attributes(Session& session, const std::vector<uint32_t>& relations) {
  SYNCLINE_ASSIGN(const Rows rows, session.query(kAttributesSql, {oid_array(relations)}));
  CompositeRows composites;
  for (int i = 0; i < rows.size(); ++i) {
    composites[oid_of(rows, i, 0)].push_back({rows.text(i, 1), oid_of(rows, i, 2),
                                              rows.boolean(i, 3), rows.boolean(i, 4),
                                              rows.boolean(i, 5)});
  }
  return composites;
}

Status read_equalities(Session& session, TypeRows& types) {
  std::vector<uint32_t> oids;
  for (const auto& [oid, type] : types) oids.push_back(oid);
  SYNCLINE_ASSIGN(const Rows rows, session.query(kEqualitySql, {oid_array(oids)}));
  for (int i = 0; i < rows.size(); ++i) types.at(oid_of(rows, i, 0)).equality = rows.text(i, 1);
  return {};
}

Result<TypeRows> read_types(Session& session, uint32_t table) {
  SYNCLINE_ASSIGN(const Rows rows, session.query(kTypesSql, {std::to_string(table)}));
  TypeRows types;
  for (int i = 0; i < rows.size(); ++i) {
    TypeRow type{rows.text(i, 1),    rows.text(i, 2),
                 rows.text(i, 3),    rows.text(i, 4)[0],
                 oid_of(rows, i, 5), oid_of(rows, i, 6),
                 oid_of(rows, i, 7), rows.text(i, 8)[0],
                 oid_of(rows, i, 9), {}};
    types.emplace(oid_of(rows, i, 0), std::move(type));
  }
  SYNCLINE_RETURN_IF_ERROR(read_equalities(session, types));
  return types;
}

// How its values are compared, and by which types.
void describe_comparison(const TypeRows& types, uint32_t type, ColumnInfo& column) {
  uint32_t base = type;
  while (types.at(base).base != 0) base = types.at(base).base;
  const TypeRow& row = types.at(base);
  column.built_in = row.schema == "pg_catalog";
  column.domain = base != type;
  column.array_oid = types.at(type).array;
  column.base_oid = base;
  column.base_array_oid = row.array;
  if (!row.equality.empty() && column.array_oid != 0 && row.array != 0)
    column.equality = "OPERATOR(" + row.equality + ")";
  column.text_needs_settings = !text_is_fixed(*column.type) && row.type != 'e';
}

Status read_columns(Session& session, TableInfo& table) {
  SYNCLINE_ASSIGN(const TypeRows types, read_types(session, table.oid));
  std::vector<uint32_t> relations = {table.oid};
  for (const auto& [oid, type] : types) {
    if (type.relation != 0) relations.push_back(type.relation);
  }
  SYNCLINE_ASSIGN(const CompositeRows attributes, read_attributes(session, relations));
  // The two answers may be of different moments.
  for (const auto& [relation, fields] : attributes) {
    if (std::any_of(fields.begin(), fields.end(),
                    [&](const AttributeRow& field) { return !types.contains(field.type); }))
      return Error::retry("the table was altered while it was looked at");
  }
  TypeMaker maker(types, attributes);
  const auto own = attributes.find(table.oid);
  if (own == attributes.end()) return {};
  for (const AttributeRow& attribute : own->second) {
    ColumnInfo column;
    column.name = attribute.name;
    column.type = maker.make(attribute.type);
    describe_comparison(types, attribute.type, column);
    column.collated = attribute.collated;
    column.is_virtual = attribute.is_virtual;
    column.has_chunk_id = attribute.has_chunk_id;
    column.field = automatic_field(*column.type);
    table.columns.push_back(std::move(column));
  }
  return {};
}

Status read_computed(Session& session, TableInfo& table) {
  const auto is_virtual = [](const ColumnInfo& column) { return column.is_virtual; };
  if (std::none_of(table.columns.begin(), table.columns.end(), is_virtual)) return {};
  SYNCLINE_ASSIGN(const Rows rows, session.query(kComputedSql, {std::to_string(table.oid)}));
  for (int i = 0; i < rows.size(); ++i) {
    for (ColumnInfo& column : table.columns) {
      if (column.is_virtual && column.name == rows.text(i, 0))
        column.computed.push_back(rows.text(i, 1));
    }
  }
  return {};
}

std::vector<std::string> split_names(const std::string& joined) {
  std::vector<std::string> names;
  size_t begin = 0;
  for (size_t end = joined.find('\x01'); end != std::string::npos;
       end = joined.find('\x01', begin)) {
    names.push_back(joined.substr(begin, end - begin));
    begin = end + 1;
  }
  names.push_back(joined.substr(begin));
  return names;
}

Status read_unique_keys(Session& session, TableInfo& table) {
  SYNCLINE_ASSIGN(const Rows rows, session.query(kUniqueSql, {std::to_string(table.oid)}));
  for (int i = 0; i < rows.size(); ++i) {
    std::vector<std::string> names = split_names(rows.text(i, 2));
    if (table.winner_key.empty()) {
      table.winner_key = names;
      table.winner_key_nullable = !rows.boolean(i, 1);
    }
    table.unique_keys.push_back(std::move(names));
  }
  // A unique index of an inheritance parent does not cover its children.
  if (!table.plain && table.leaves.size() > 1 && table.leaves.front().oid == table.oid) {
    table.unique_keys.clear();
    table.winner_key.clear();
    table.winner_key_nullable = false;
  }
  return {};
}

Status read_indexed(Session& session, TableInfo& table) {
  SYNCLINE_ASSIGN(const Rows rows, session.query(kIndexedSql, {std::to_string(table.oid)}));
  for (int i = 0; i < rows.size(); ++i) table.indexed.push_back(rows.text(i, 0));
  return {};
}

Status read_leaves(Session& session, TableInfo& table) {
  SYNCLINE_ASSIGN(const Rows rows, session.query(kLeavesSql, {std::to_string(table.oid)}));
  for (int i = 0; i < rows.size(); ++i) {
    if (rows.text(i, 1) != "r") {
      return Error::needs_person(rows.text(i, 2) +
                                 " is a foreign table: its writes cannot be captured; detach it");
    }
    LeafInfo leaf;
    leaf.oid = oid_of(rows, i, 0);
    leaf.qualified_name = rows.text(i, 2);
    leaf.blocks = rows.integer(i, 3);
    leaf.rows_estimate = std::strtod(rows.text(i, 4).c_str(), nullptr);
    leaf.by_itself = rows.boolean(i, 5);
    leaf.rows_from = " FROM ONLY " + leaf.qualified_name + " t WHERE true";
    if (!leaf.by_itself) {
      leaf.rows_from = " FROM " + table.qualified_name + " t WHERE t.tableoid = " + rows.text(i, 0);
      if (const std::string bounds = rows.text(i, 6); !bounds.empty())
        leaf.rows_from += " AND (" + bounds + ")";
    }
    table.leaves.push_back(std::move(leaf));
  }
  return {};
}

Status check_usable(const Rows& relation, const std::string& name) {
  const std::string kind = relation.text(0, 1);
  if (kind != "r" && kind != "p")
    return Error::needs_person(name + " is not an ordinary or partitioned table");
  if (relation.boolean(0, 4)) {
    return Error::needs_person(name + " lies in a schema that holds the change log of a Syncline;" +
                               " name a table of your own");
  }
  return {};
}

}  // namespace

const ColumnInfo* TableInfo::column(std::string_view name) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnInfo& c) { return c.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

bool TableInfo::is_indexed(const std::string& name) const {
  return std::find(indexed.begin(), indexed.end(), name) != indexed.end();
}

bool TableInfo::unique_on(const std::vector<std::string>& names) const {
  return std::any_of(unique_keys.begin(), unique_keys.end(),
                     [&](const std::vector<std::string>& key) {
                       return std::all_of(key.begin(), key.end(), [&](const std::string& column) {
                         return std::find(names.begin(), names.end(), column) != names.end();
                       });
                     });
}

Result<TableInfo> describe_table(Session& session, const std::string& schema,
                                 const std::string& name) {
  SYNCLINE_ASSIGN(const Rows relation, session.query(kRelationSql, {schema, name}));
  const std::string shown =
      Session::quote_identifier(schema) + "." + Session::quote_identifier(name);
  if (relation.empty()) {
    return Error::needs_person(
        "there is no table " + shown + " in the database; create it or correct source.table_name",
        Origin::database, "42P01");
  }
  SYNCLINE_RETURN_IF_ERROR(check_usable(relation, shown));
  TableInfo table;
  table.oid = oid_of(relation, 0, 0);
  table.qualified_name = relation.text(0, 2);
  table.plain = relation.boolean(0, 3);
  SYNCLINE_RETURN_IF_ERROR(read_columns(session, table));
  SYNCLINE_RETURN_IF_ERROR(read_computed(session, table));
  SYNCLINE_RETURN_IF_ERROR(read_leaves(session, table));
  SYNCLINE_RETURN_IF_ERROR(read_unique_keys(session, table));
  SYNCLINE_RETURN_IF_ERROR(read_indexed(session, table));
  return table;
}

}  // namespace syncline::postgres
