// Plays conformance cases on the parser: the project's own table always, and every *.json of a folder of shared data,
// FANFARE_CONFORMANCE_DIR or ../shared/conformance beside the sources, when it is there. One test for each case, played
// whole, byte by byte and at every split in two. A case that a parser alone cannot play is reported as skipped.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanfare/event_stream/parser.h"
#include "fanfare/event_stream/transcript.h"
#include "tests/conformance/case_file.h"

namespace fanfare::conformance {
namespace {

using event_stream::Parser;
using event_stream::Transcript;

// What a parser told, by kind: the files do not say how events, comments and retry fields follow each other.
class Seen final : public event_stream::ParserVisitor {
 public:
  void on_event(const event_stream::Event& event) override {
    events.push_back(Transcript::event_call(event.type, event.last_event_id, event.data));
  }
  void on_comment(std::string_view text) override { comments.emplace_back(text); }
  void on_retry(std::uint64_t milliseconds) override { retry_fields.push_back(milliseconds); }

  std::vector<std::string> events, comments;
  std::vector<std::uint64_t> retry_fields;
};

using Pieces = std::vector<std::string_view>;

// One connection; returns the last event id that it leaves to the next.
std::string play(const Connection& connection, std::string last_event_id, const Pieces& pieces) {
  Seen seen;
  Parser parser(seen, std::move(last_event_id));
  for (const std::string_view piece : pieces) EXPECT_TRUE(event_stream::feed_exact(parser, piece));
  std::vector<std::string> events;
  for (const auto& each : connection.view.events) {
    events.push_back(Transcript::event_call(each.type, each.last_event_id, each.data));
  }
  EXPECT_EQ(seen.events, events);
  EXPECT_EQ(seen.retry_fields, connection.view.retry_fields);
  EXPECT_EQ(seen.comments, connection.view.comments.value_or(seen.comments));
  EXPECT_EQ(parser.last_event_id(), connection.view.last_event_id_after.value_or(parser.last_event_id()));
  return parser.last_event_id();
}

void play(const Case& one) {
  std::string last_event_id;
  for (const Connection& connection : one.connections) {
    std::string left;
    for (const Pieces& pieces : event_stream::chunkings(connection.body)) {
      left = play(connection, last_event_id, pieces);
      if (testing::Test::HasFailure()) {
        FAIL() << one.id << ": in " << pieces.size() << " reads, the first of "
               << (pieces.empty() ? 0 : pieces.front().size()) << " bytes";
      }
    }
    last_event_id = left;
  }
}

class Body final : public testing::Test {
 public:
  explicit Body(std::function<void()> run) : run_(std::move(run)) {}
  void TestBody() override { run_(); }

 private:
  std::function<void()> run_;
};

// Letters, digits and underscores only: test filters give other characters a meaning.
std::string test_name(std::string name) {
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

// Registered names: none twice.
class Registry {
 public:
  void add(const std::string& suite, const std::string& name, std::function<void()> run) {
    std::string unique = test_name(name);
    while (!names_.insert(suite + "." + unique).second) unique += "_again";
    testing::RegisterTest(test_name(suite).c_str(), unique.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [run = std::move(run)] { return static_cast<testing::Test*>(new Body(run)); });
  }

  void add_file(const std::filesystem::path& path) {
    const std::string suite = path.stem().string();
    auto cases = read_case_file(path.string());
    if (!cases) return add(suite, "can_be_read", [why = cases.error().message] { FAIL() << why; });
    for (Case& one : *cases) {
      const std::string id = one.id;
      add(suite, id, [one = std::move(one)] {
        if (!one.skip_reason.empty()) GTEST_SKIP() << one.id << ": " << one.skip_reason;
        play(one);
      });
    }
  }

 private:
  std::set<std::string> names_;
};

std::filesystem::path shared_folder() {
  const char* from_environment = std::getenv("FANFARE_CONFORMANCE_DIR");
  if (from_environment != nullptr) return from_environment;
  return std::filesystem::path(FANFARE_SOURCE_DIR).parent_path() / "shared" / "conformance";
}

void add_shared_files(Registry& registry) {
  const std::filesystem::path folder = shared_folder();
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& file : files) registry.add_file(file);
  if (!files.empty()) return;
  registry.add("shared_cases", "are_there", [folder] {
    GTEST_SKIP() << "no case file in " << folder << ": only the project's own table has been played";
  });
}

}  // namespace
}  // namespace fanfare::conformance

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  fanfare::conformance::Registry registry;
  registry.add_file(std::filesystem::path(FANFARE_SOURCE_DIR) / "tests/conformance/event_stream_cases.json");
  fanfare::conformance::add_shared_files(registry);
  return RUN_ALL_TESTS();
}
