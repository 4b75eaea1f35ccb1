// The sentences of failures, for people. Texts of peers appear in quotes, escaped, so that they are safe to show on a
// terminal, and cut. Whoever makes a failure of them adds its status. Pure; any thread.
#pragma once

#include <string>

#include "fanfare/client/failure.h"
#include "fanfare/client/policy.h"
#include "fanfare/client/response_head.h"

namespace fanfare::client {

// A response that opens no stream: kNoContent, kStatus or kContentType.
Failure failure_of(const ResponseHead& head);
Failure refused_failure(const ResponseHead& head);
Failure no_answer(const Policy& policy);
Failure idle_failure(const Policy& policy);
Failure ended_failure();
// The parser's own sentence says which bound and how large.
Failure limit_failure(const std::string& parser_error);

// What the same failure says when it is not tried again for one of these reasons.
void say_not_repeated(Failure& failure, const std::string& method);
void say_attempts_used_up(Failure& failure, std::uint64_t attempts);

}  // namespace fanfare::client
