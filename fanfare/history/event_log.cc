#include "fanfare/history/event_log.h"

#include <utility>

namespace fanfare {

void EventLog::append(Update update, AppendDone done) {
  std::vector<Update> updates;
  updates.push_back(std::move(update));
  append_all(std::move(updates), [done = std::move(done)](Result<std::vector<Appended>> appended) mutable {
    if (appended) {
      done(std::move(appended->front()));
    } else {
      done(std::unexpected(std::move(appended.error())));
    }
  });
}

}  // namespace fanfare
