// A small file that the command line names, whole. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "fanfare/base/error.h"

namespace fanfare::cli {

// Fails with the reason alone, also for a file of more than bytes_max, which the limit of that name sets, if any does.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max, std::string_view limit_name = {});

}  // namespace fanfare::cli
