#include "fanfare/cli/publish_form.h"

#include <string_view>

#include "fanfare/url/form.h"

namespace fanfare::cli {

std::string publish_form(const Update& update) {
  std::string form;
  auto add = [&form](std::string_view name, std::string_view value) {
    if (!form.empty()) form += '&';
    form.append(name).append("=").append(url::encode_form_value(value));
  };
  for (const std::string& topic : update.topics) add("topic", topic);
  if (!update.id.empty()) add("id", update.id);
  if (!update.type.empty()) add("type", update.type);
  if (update.retry_ms) add("retry", std::to_string(*update.retry_ms));
  if (update.is_private) add("private", "on");
  add("data", update.data);
  return form;
}

}  // namespace fanfare::cli
