#include "bench/arguments.h"

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

namespace fanfare::bench {
namespace {

bool set(const Argument& argument, std::string_view text) {
  if (auto* const* path = std::get_if<std::string*>(&argument.value)) {
    **path = std::filesystem::absolute(text);
    return !text.empty();
  }
  std::size_t& number = *std::get<std::size_t*>(argument.value);
  const char* const end = text.data() + text.size();
  return std::from_chars(text.data(), end, number).ptr == end && number != 0;
}

bool read_all(std::span<const Argument> known, std::span<char*> words) {
  if (words.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < words.size(); i += 2) {
    const auto argument = std::ranges::find(known, std::string_view(words[i]), &Argument::name);
    if (argument == known.end() || !set(*argument, words[i + 1])) return false;
  }
  return true;
}

}  // namespace

bool read_arguments(std::string_view program, std::span<const Argument> known, int count, char** arguments) {
  if (read_all(known, std::span(arguments, static_cast<std::size_t>(count)).subspan(1))) return true;
  std::string usage = "usage: " + std::string(program);
  for (const auto& each : known) usage.append(" [").append(each.name).append(" ").append(each.placeholder).append("]");
  std::fprintf(stderr, "%s\n", usage.c_str());
  return false;
}

std::size_t raise_file_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

}  // namespace fanfare::bench
