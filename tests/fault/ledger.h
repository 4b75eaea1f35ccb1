// What publishers were told, to be held against what subscribers get. An update's data is "PUBLISHER NUMBER".
// Values; one thread for each account.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

#include "testing/live/http_client.h"

namespace fanfare::live {

// One publisher's: the update with number n is at n, with the id that its 200 gave. Empty: no 200 came, and whether the
// log has the update is open.
using Account = std::vector<std::string>;
using Ledger = std::vector<Account>;

std::string ledger_data(std::size_t publisher, std::size_t number, std::size_t size = 0);

// Publishes the next update of this publisher to `topic` and enters it.
Answer publish_next(Publisher& publisher, std::string_view topic, Ledger& ledger, std::size_t account,
                    std::size_t size = 0);

std::size_t count_acknowledged(const Ledger& ledger);

// Empty if the events are, of each account, all that was acknowledged, with its id, some of what was not, nothing twice
// and all in the publisher's order; else what is wrong.
std::string fault_in_ledger(const std::vector<Subscriber::Event>& events, const Ledger& ledger);

// Reads until the event with this id has come; false: the stream ended or stalled before.
bool read_through(Subscriber& subscriber, std::string_view id);

// From the environment, to replay a run or to make it longer or shorter.
inline unsigned number_from_environment(const char* name, unsigned otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

}  // namespace fanfare::live
