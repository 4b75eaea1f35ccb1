#include "tests/fault/ledger.h"

#include <charconv>
#include <optional>

namespace fanfare::live {
namespace {

struct Entry {
  std::size_t account;
  std::size_t number;
};

std::optional<Entry> entry_of(const std::string& data) {
  Entry entry{};
  const char* const end = data.data() + data.size();
  const auto account = std::from_chars(data.data(), end, entry.account);
  if (account.ptr == end || *account.ptr != ' ') return std::nullopt;
  const auto number = std::from_chars(account.ptr + 1, end, entry.number);
  if (number.ec != std::errc() || (number.ptr != end && *number.ptr != ' ')) return std::nullopt;
  return entry;
}

// The first acknowledged update of an account in [from, to).
std::optional<std::size_t> acknowledged_in(const Account& account, std::size_t from, std::size_t to) {
  for (; from < to; ++from) {
    if (!account[from].empty()) return from;
  }
  return std::nullopt;
}

std::string lost(std::size_t account, std::size_t number) {
  return "acknowledged, but not there: " + ledger_data(account, number);
}

}  // namespace

std::string ledger_data(std::size_t publisher, std::size_t number, std::size_t size) {
  return std::to_string(publisher) + " " + numbered(number, size);
}

Answer publish_next(Publisher& publisher, std::string_view topic, Ledger& ledger, std::size_t account,
                    std::size_t size) {
  Account& ids = ledger[account];
  ids.emplace_back();  // before it is sent: whatever happens, it has been tried
  Answer answer = publisher.publish(topic, ledger_data(account, ids.size() - 1, size));
  if (answer.status == 200) ids.back() = answer.body;
  return answer;
}

std::size_t count_acknowledged(const Ledger& ledger) {
  std::size_t count = 0;
  for (const auto& account : ledger) {
    for (const auto& id : account) count += id.empty() ? 0 : 1;
  }
  return count;
}

std::string fault_in_ledger(const std::vector<Subscriber::Event>& events, const Ledger& ledger) {
  std::vector<std::size_t> next(ledger.size());
  for (const auto& event : events) {
    const std::string shown = event.data.substr(0, 20);
    const auto entry = entry_of(event.data);
    if (!entry || entry->account >= ledger.size()) return "nobody published '" + shown + "'";
    const Account& account = ledger[entry->account];
    if (entry->number >= account.size()) return "not published yet: " + shown;
    std::size_t& expected = next[entry->account];
    if (entry->number < expected) return "twice or out of order: " + shown;
    if (const auto skipped = acknowledged_in(account, expected, entry->number)) return lost(entry->account, *skipped);
    const std::string& id = account[entry->number];
    if (!id.empty() && id != event.id) return "acknowledged as " + id + ", not as " + event.id + ": " + shown;
    expected = entry->number + 1;
  }
  for (std::size_t i = 0; i < ledger.size(); ++i) {
    if (const auto skipped = acknowledged_in(ledger[i], next[i], ledger[i].size())) return lost(i, *skipped);
  }
  return {};
}

bool read_through(Subscriber& subscriber, std::string_view id) {
  std::size_t looked_at = 0;
  do {
    for (; looked_at < subscriber.events().size(); ++looked_at) {
      if (subscriber.events()[looked_at].id == id) return true;
    }
  } while (subscriber.read_events(looked_at + 1));
  return false;
}

}  // namespace fanfare::live
