#include "fanfare/cli/publish_form.h"

#include "fanfare/url/form.h"

namespace fanfare::cli {

std::string publish_form(const UpdateFields& fields, std::string_view data) {
  std::string form;
  auto add = [&form](std::string_view name, std::string_view value) {
    if (!form.empty()) form += '&';
    form.append(name).append("=").append(url::encode_form_value(value));
  };
  for (const std::string& topic : fields.topics) add("topic", topic);
  if (!fields.id.empty()) add("id", fields.id);
  if (!fields.type.empty()) add("type", fields.type);
  if (fields.retry_ms) add("retry", std::to_string(*fields.retry_ms));
  if (fields.privacy == Privacy::kPrivate) add("private", "on");
  add("data", data);
  return form;
}

}  // namespace fanfare::cli
