#include "engine/index_preparation.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "index/index_claim.h"
#include "index/index_mapping.h"

namespace syncline::engine {

namespace {

std::vector<index::FieldMapping> fields_of(const compose::PlanContext& context) {
  std::vector<index::FieldMapping> fields;
  std::set<std::string> names;
  for (const auto& member : context.members) {
    for (const index::FieldMapping& field : member->fields) {
      if (names.insert(field.name).second) fields.push_back(field);
    }
  }
  return fields;
}

std::vector<std::string> settings_of(const compose::PlanContext& context) {
  std::vector<std::string> settings;
  for (const auto& member : context.members) settings.push_back(member->config.spec.settings_json);
  return settings;
}

Error kept_by_another(const std::string& index, const index::IndexOwner& keeper,
                      const std::string& instance, const std::string& job) {
  if (keeper.instance == instance)
    return Error::needs_person("index \"" + index + "\" is kept by plan " + keeper.plan +
                               ", whose jobs would overwrite the documents of this one: put them "
                               "on one target and one index name");
  return Error::needs_person("index \"" + index + "\" is kept by plan " + keeper.plan +
                             " of another Syncline (instance " + keeper.instance +
                             "), and two would overwrite each other's documents: delete its jobs " +
                             "there, or, if it is gone for good, POST /jobs/" + job +
                             "/resync with {\"take_over\": true}");
}

}  // namespace

Result<IndexPreparation::Prepared> IndexPreparation::prepare(compose::PlanContext& context) {
  SYNCLINE_ASSIGN(auto described, context.admin.describe());
  const std::vector<index::FieldMapping> fields = fields_of(context);
  if (!described && !context.owned) {
    context.index_is_missing = true;  // its owner makes it
    return Prepared();
  }
  Prepared prepared;
  if (!described) {
    SYNCLINE_RETURN_IF_ERROR(create(context, fields));
    prepared.created = true;
    SYNCLINE_ASSIGN(described, context.admin.describe());
    if (!described)
      return Error::retry("the index is gone again just after it was created", Origin::cluster,
                          "404");
  }
  index::IndexDescription& index = prepared.index;
  index = *std::move(described);
  SYNCLINE_RETURN_IF_ERROR(check_kind(index));
  SYNCLINE_RETURN_IF_ERROR(claim(context, index));
  if (context.owned && index.created_by_syncline)
    SYNCLINE_RETURN_IF_ERROR(context.admin.change_settings(index, settings_of(context)));
  Status added = context.admin.add_missing_fields(fields);
  if (!added.ok()) return blame_member(context, std::move(added).error());
  SYNCLINE_ASSIGN(context.write_name,
                  index::IndexClaim(context.cluster.http(), config_.index).write_name(index));
  return prepared;
}

// Where an index template of the user's gives a field more than its type (an analyzer, copy_to),
// and the job no params, the template's stays. So the index is made without such fields at first:
// then it shows what the template gave. A field that got a type which does not fit is the job's to
// say, so the index is made once more.
Status IndexPreparation::create(compose::PlanContext& context,
                                const std::vector<index::FieldMapping>& fields) {
  const std::vector<std::string> settings = settings_of(context);
  SYNCLINE_ASSIGN(const bool made,
                  context.admin.create(index::fields_with_params(fields), settings, owner()));
  if (!made) return {};
  Status added = context.admin.add_missing_fields(fields);
  if (added.ok() || added.error().action != Action::needs_person) return added;
  std::vector<index::FieldMapping> insisted;
  for (const index::FieldMapping& field : fields) {
    const bool fits = context.admin.add_missing_fields({field}).ok();
    const auto chosen = fits ? index::fields_with_params({field}) : std::vector{field};
    insisted.insert(insisted.end(), chosen.begin(), chosen.end());
  }
  SYNCLINE_RETURN_IF_ERROR(context.admin.remove());
  SYNCLINE_ASSIGN([[maybe_unused]] const bool made_again,
                  context.admin.create(insisted, settings, owner()));
  return {};
}

// What would refuse every document.
Status IndexPreparation::check_kind(const index::IndexDescription& index) const {
  if (!index.data_stream.empty())
    return Error::needs_person("\"" + config_.index + "\" is a data stream (" + index.data_stream +
                               "), whose documents cannot be changed: name an ordinary index, or "
                               "an alias of one");
  if (index.needs_routing && config_.owned())
    return Error::needs_person("index \"" + config_.index +
                               "\" takes only documents with a routing, which rows have none of: "
                               "make it without \"_routing\": {\"required\": true} in its mapping");
  return {};
}

// Whether somebody keeps it whom this plan would be in the way of. What a plan that is configured
// no more has left behind is nobody's.
bool IndexPreparation::is_kept_by_another(const index::IndexDescription& index) const {
  if (!index.owner || *index.owner == owner()) return false;
  if (index.owner->instance != parts_.instance) return true;
  const auto configuration = parts_.configuration();
  return std::ranges::any_of(configuration->jobs, [&](const auto& job) {
    return job.second.spec.target + "/" + job.second.spec.index == index.owner->plan;
  });
}

Status IndexPreparation::claim(compose::PlanContext& context, index::IndexDescription& index) {
  if (is_kept_by_another(index)) {
    SYNCLINE_ASSIGN(const bool taken_over, may_take_over(context));
    if (!taken_over)
      return kept_by_another(config_.index, *index.owner, parts_.instance, context.home().name());
    spdlog::warn("{}: takes over the index, which plan {} of instance {} kept", context.plan,
                 index.owner->plan, index.owner->instance);
  }
  // Of a foreign index our fields alone are ours; who made its documents whole does so no more.
  const bool as_wanted = context.owned ? index.owner == owner() : !index.owner;
  return as_wanted ? Status() : take(context, index);
}

// Two that take it at the same time both see themselves as its keeper for a moment; the one whose
// note was replaced sees it at its next look at the index.
Status IndexPreparation::take(compose::PlanContext& context, index::IndexDescription& index) {
  const Status noted = index::IndexClaim(context.cluster.http(), config_.index)
                           .note_owner(context.owned ? std::optional(owner()) : std::nullopt);
  if (!noted.ok() && noted.error().passes()) return noted;
  if (!noted.ok()) {
    spdlog::warn("{}: who keeps the index could not be noted in its mapping: {}", context.plan,
                 noted.error().message);
    return {};
  }
  SYNCLINE_ASSIGN(auto described, context.admin.describe());
  if (!described || described->uuid != index.uuid)
    return Error::retry("the index was replaced just now; it is looked at anew");
  index = *std::move(described);
  return {};
}

// Asked for with a resync that is not fulfilled yet: once that is, whoever takes it from us has it.
Result<bool> IndexPreparation::may_take_over(const compose::PlanContext& context) {
  for (const auto& member : context.members) {
    const JobConfig& job = member->config;
    if (job.take_over_generation == 0 || job.take_over_generation != job.resync_generation)
      continue;
    SYNCLINE_ASSIGN(const auto stored, context.records(*member).read_member(member->name()));
    if (!stored || stored->resync != job.resync_generation) return true;
  }
  return false;
}

void IndexPreparation::release() const {
  const Status released = index::IndexClaim(parts_.cluster->http(), config_.index).release(owner());
  if (!released.ok())
    spdlog::warn("{}: the mark on its index was left: {}", config_.plan(),
                 released.error().message);
}

// Whose fields the index cannot take.
Error IndexPreparation::blame_member(compose::PlanContext& context, Error error) {
  if (error.action != Action::needs_person) return error;
  for (const auto& member : context.members) {
    Status alone = context.admin.add_missing_fields(member->fields);
    if (!alone.ok()) return std::move(alone).error().blaming(member->name());
  }
  return error;
}

}  // namespace syncline::engine
