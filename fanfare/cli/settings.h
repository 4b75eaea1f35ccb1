// The settings of `fanfare serve`: one table, which the options of the command line, the environment variables and the
// keys of the configuration file all come from, so that their names are the same:
//   --publisher-key-file FILE    FANFARE_PUBLISHER_KEY_FILE    publisher-key-file = "…"
// And what was given for them, in layers of which the higher counts. What it is not: it knows no meaning of a value
// beyond its form; serve_config.h does.
// Values; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fanfare/base/error.h"

namespace fanfare::cli {

enum class SettingKind {
  kSwitch,  // true or false
  kText,
  kSecret,  // a text that is never shown
  kNumber,
  kChoice,
  kFile,
  kDirectory,
  kList,    // of texts
  kFiles,   // a list of files
  kLimits,  // NAME=VALUE of base/limits.h; in the file the table [limits]
};

// Settings of one group say the same in different ways: a layer that has one displaces those of the layers below it.
enum class SettingGroup { kNone, kPublisherKey, kSubscriberKey, kLog, kCertificate };

enum class Change {
  kReload,   // SIGHUP is enough
  kRestart,  // takes effect when the hub starts
};

struct Setting {
  std::string_view name;  // as the option, without its dashes
  SettingKind kind;
  std::string_view value_name;  // as --help calls the value; empty for a switch
  std::string_view help;
  std::string_view fallback = {};                  // what counts where nothing is given; empty: see the help
  std::span<const std::string_view> choices = {};  // of kChoice
  std::uint64_t least = 0;                         // of kNumber
  std::uint64_t most = 0;
  SettingGroup group = SettingGroup::kNone;
  bool is_detail = false;  // of what else its group says: goes with that, and displaces nothing itself
  Change change = Change::kRestart;
};

std::span<const Setting> settings();
// nullptr: there is none of that name.
const Setting* find_setting(std::string_view name);
// Whether it says with which keys tokens are checked: those of an issuer have such settings of their own.
bool is_about_keys(const Setting& setting);

// Whether it may be given several times.
bool is_list(const Setting& setting);

// "FANFARE_PUBLISHER_KEY_FILE"
std::string variable_of(const Setting& setting);

// Where a value comes from.
struct Origin {
  enum class From { kDefault, kFile, kEnvironment, kOption };
  From from = From::kDefault;
  std::string place = {};  // "hub.toml:3", "FANFARE_THREADS", "--threads", or, of a default, why it is that
};

// As messages about the setting begin: "--threads", "$FANFARE_THREADS", "hub.toml:3: threads".
std::string name_at(const Origin& origin, std::string_view setting);
// As a comment: "flag", "environment FANFARE_THREADS", "file hub.toml:3", "default".
std::string comment_of(const Origin& origin);

struct Given {
  std::vector<std::string> texts;  // one, but of a list any number; of a switch "true" or "false"
  Origin origin = {};
};

using GivenByName = std::map<std::string, Given, std::less<>>;

// One [[issuer]] of the configuration file.
struct GivenIssuer {
  Given name;
  GivenByName keys = {};  // by the names of the settings that say the same for tokens of any other issuer
};

// Empty: it was not given.
std::string text_of(const GivenByName& given, std::string_view name);

// What one source gives, or several together. By the names of settings, and of limits.
struct Layer {
  GivenByName settings = {};
  GivenByName limits = {};
  std::vector<GivenIssuer> issuers = {};

  // Fails for texts that are not of the setting's form, with the origin, and what would be right.
  Result<void> give(const Setting& setting, std::vector<std::string> texts, Origin origin);
  Result<void> give_limit(std::string_view name, std::string_view value, Origin origin);

  // Of settings that are no lists. Empty, false: it was not given.
  std::string text(std::string_view name) const;
  bool is_on(std::string_view name) const;
};

// The highest first.
Layer merged(std::span<const Layer> layers);

}  // namespace fanfare::cli
