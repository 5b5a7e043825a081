#include "compose/job_form.h"

namespace syncline::compose {

JobForm form_of(const JobSpec& spec) {
  JobForm form;
  switch (spec.type) {
    case JobType::index:
      form.defines_documents = true;
      break;
    case JobType::property:
      form.found_by = FoundBy::value;
      break;
    case JobType::object:
      form.place = Place::object;
      form.name = spec.object_name;
      form.field_type = "object";
      break;
    case JobType::nested:
      form.place = Place::array;
      form.name = spec.nested_name;
      form.field_type = "nested";
      form.ordered_by = spec.nested_id;
      break;
  }
  return form;
}

}  // namespace syncline::compose
