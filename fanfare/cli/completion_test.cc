#include "fanfare/cli/completion.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace fanfare::cli {
namespace {

ProgramDescription sample() {
  OptionDescription help{{"-h", "--help"}, "It's [help]: all", {ValueKind::kNone, "", {}}};
  OptionDescription topic{{"-t", "--topic"}, "Topic", {ValueKind::kText, "TOPIC", {}}, true};
  OptionDescription file{{"--file"}, "File", {ValueKind::kFile, "FILE", {}}};
  OptionDescription data{{"--data"}, "Directory", {ValueKind::kDirectory, "DIR", {}}};
  CommandDescription send{"send", "Send it; don't wait", {help, topic, file, data}, {{ValueKind::kText, "DATA", {}}}};
  CommandDescription shell{"shell", "Shell", {help}, {{ValueKind::kChoice, "SHELL", {"bash", "zsh"}}}};
  return {"prog", {help}, {send, shell}};
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::array<char, 4096> bytes;
  while (std::size_t count = std::fread(bytes.data(), 1, bytes.size(), pipe)) text.append(bytes.data(), count);
  EXPECT_EQ(pclose(pipe), 0) << command << "\n" << text;
  return text;
}

class Directory {
 public:
  Directory() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~Directory() { EXPECT_EQ(std::system(("rm -r " + path_).c_str()), 0); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = testing::TempDir() + "completion_test.XXXXXX";
};

bool has(const std::string& program) {
  return std::system(("command -v " + program + " >/dev/null").c_str()) == 0;
}

// What bash offers for the last of the words, space-separated.
std::string bash_offers(const Directory& directory, const std::string& words) {
  std::string script = directory.write("c.bash", bash_completion(sample()));
  directory.write("ask.bash", "set -u; source " + script + "; cd " + directory.path() + "; COMP_WORDS=(prog " + words +
                                  "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _prog; echo \"${COMPREPLY[@]}\"");
  return output_of("bash " + directory.path() + "/ask.bash 2>&1");
}

TEST(Completion, BashOffersWhatFitsAtEachPlace) {
  Directory directory;
  ASSERT_EQ(std::system(("mkdir " + directory.path() + "/folder").c_str()), 0);
  const std::pair<std::string, std::string> cases[] = {
      {"''", "send shell -h --help\n"},
      {"s", "send shell\n"},
      {"send --", "--help --topic --file --data\n"},
      {"send --t", "--topic\n"},
      {"send --topic ''", "\n"},
      {"send -t ''", "\n"},
      {"send --file fo", "folder\n"},
      {"send --file c.", "c.bash\n"},
      {"send --data ''", "folder\n"},
      {"shell ''", "bash zsh\n"},
      {"shell z", "zsh\n"},
      {"shell -", "-h --help\n"},
      {"nonsense --", "\n"},
  };
  for (const auto& [words, offered] : cases) EXPECT_EQ(bash_offers(directory, words), offered) << words;
}

TEST(Completion, ZshAcceptsTheScript) {
  if (!has("zsh")) GTEST_SKIP() << "zsh is not installed";
  Directory directory;
  std::string script = directory.write("c.zsh", zsh_completion(sample()));
  EXPECT_EQ(output_of("zsh -n " + script + " 2>&1"), "");
  std::string load =
      "zsh -f -c 'autoload -U compinit; compinit -D -u; source " + script + "; print $_comps[prog]' 2>&1";
  EXPECT_EQ(output_of(load), "_prog\n");
}

TEST(Completion, ZshSpecificationsEscapeWhatZshReads) {
  std::string script = zsh_completion(sample());
  EXPECT_NE(script.find("'(-h --help)--help[It'\\''s \\[help\\]\\: all]'"), std::string::npos) << script;
  EXPECT_NE(script.find("'*--topic[Topic]:TOPIC: '"), std::string::npos);
  EXPECT_NE(script.find("'(--data)--data[Directory]:DIR:_files -/'"), std::string::npos);
  EXPECT_NE(script.find("'*:SHELL:(bash zsh)'"), std::string::npos);
}

TEST(Completion, FishOffersWhatFitsAtEachPlace) {
  if (!has("fish")) GTEST_SKIP() << "fish is not installed";
  Directory directory;
  std::string script = directory.write("c.fish", fish_completion(sample()));
  auto offers = [&](const std::string& line) {
    return output_of("fish --no-config -c 'source " + script + "; complete -C \"" + line + "\"' 2>&1");
  };
  EXPECT_EQ(offers("prog s"), "send\tSend it; don't wait\nshell\tShell\n");
  EXPECT_EQ(offers("prog send --to"), "--topic\tTopic\n");
  EXPECT_EQ(offers("prog shell "), "bash\nzsh\n");
  EXPECT_EQ(offers("prog send --help --he"), "--help\tIt's [help]: all\n");
}

}  // namespace
}  // namespace fanfare::cli
