#include "fanfare/cli/answer.h"

#include <gtest/gtest.h>

namespace fanfare::cli {
namespace {

TEST(Answer, NamesTheRemedyWhenNoHubAnswers) {
  Failure failure = explain({Silence::kNoServer, "refused"}, "http://me:pw@127.0.0.1:8080/hub?authorization=t");
  EXPECT_EQ(failure.exit_code, ExitCode::kConnect);
  EXPECT_EQ(failure.message, "no hub answers at http://127.0.0.1:8080/hub: is `fanfare serve` running?");
}

TEST(Answer, TellsUnsentRequestsFromUnknownOutcomes) {
  EXPECT_EQ(explain({Silence::kBadUrl, ""}, "http://").exit_code, ExitCode::kUsage);
  EXPECT_EQ(explain({Silence::kNoHost, ""}, "http://h").exit_code, ExitCode::kConnect);
  EXPECT_EQ(explain({Silence::kUntrusted, ""}, "https://h").exit_code, ExitCode::kConnect);
  EXPECT_EQ(explain({Silence::kTimeout, ""}, "http://h").exit_code, ExitCode::kServer);
  EXPECT_EQ(explain({Silence::kInterrupted, ""}, "http://h").exit_code, ExitCode::kServer);
}

TEST(Answer, PassesTheServersReasonOn) {
  Failure refused = explain_status(403, "no grant for \"a\"\nsecond line\n");
  EXPECT_EQ(refused.exit_code, ExitCode::kRefused);
  EXPECT_EQ(refused.message, "the server refused: 403 Forbidden (no grant for \"a\")");
  Failure problem = explain_status(400, R"({"title":"Bad Request","status":400,"detail":"no topic\u001b"})");
  EXPECT_EQ(problem.message, "the server refused: 400 Bad Request (no topic\\x1b)");
  Failure failed = explain_status(503, "");
  EXPECT_EQ(failed.exit_code, ExitCode::kServer);
  EXPECT_EQ(failed.message, "the server failed: 503 Service Unavailable");
  EXPECT_EQ(explain_status(302, "").exit_code, ExitCode::kServer);
  EXPECT_EQ(explain_status(302, "").message, "this is no answer of a hub: 302");
  EXPECT_NE(explain_status(401, "").message.find("--token"), std::string::npos);
}

TEST(Answer, ShowsNoMarkupNoControlCharactersAndNoNovel) {
  EXPECT_EQ(first_line("<html><body>"), "");
  EXPECT_EQ(first_line("a\x1b[31mb\r\nc"), "a\\x1b[31mb");
  EXPECT_EQ(first_line(std::string(1000, 'x')), std::string(300, 'x'));
}

}  // namespace
}  // namespace fanfare::cli
