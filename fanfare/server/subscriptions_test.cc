// Active subscriptions over real sockets: the updates that tell of them, and the requests that list them.
#include <gtest/gtest.h>
#include <linux/filter.h>

#include "fanfare/server/active_subscriptions.h"
#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

const std::string kSeesAll = token_for({}, {"/.well-known/mercure/subscriptions{/topic}{/subscriber}"});
const std::string kWatch = "topic=%2F.well-known%2Fmercure%2Fsubscriptions%7B%2Ftopic%7D%7B%2Fsubscriber%7D";

std::string bearer(std::string_view token) {
  return "Authorization: Bearer " + std::string(token) + "\r\n";
}

ServerUnderTest::Change telling(const std::function<void(ServerOptions&)>& more = {}) {
  return [more](ServerOptions& options) {
    options.subscriptions = true;
    if (more) more(options);
  };
}

// The value of a member of a flat JSON object that is a string or a literal.
std::string member(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const auto found = json.find(key);
  if (found == json.npos) return {};
  json.remove_prefix(found + key.size());
  return std::string(json.starts_with('"') ? json.substr(1, json.find('"', 1) - 1)
                                           : json.substr(0, json.find_first_of(",}")));
}

std::string etag_of(const TestAnswer& answer) {
  constexpr std::string_view kField = "\r\nETag: ";
  const auto found = answer.head.find(kField);
  if (found == answer.head.npos) return {};
  return answer.head.substr(found + kField.size(), answer.head.find("\r\n", found + 1) - found - kField.size());
}

class SubscriptionsTest : public testing::Test {
 protected:
  TestAnswer list(std::string_view below = {}, std::string_view headers = bearer(kSeesAll)) {
    return ask(server_.port(), get(std::string(kSubscriptionsPath) + std::string(below), headers));
  }
  ServerUnderTest server_{telling()};
};

TEST_F(SubscriptionsTest, AWatcherIsToldWhoComesAndGoes) {
  Subscriber watcher(server_.port(), kWatch, bearer(kSeesAll));
  const std::string itself = watcher.read_event();
  EXPECT_EQ(member(itself, "topic"), "/.well-known/mercure/subscriptions{/topic}{/subscriber}");
  EXPECT_EQ(member(itself, "active"), "true");
  std::string id;
  {
    Subscriber reader(server_.port(), "topic=https%3A%2F%2Fexample.com%2F%7Bid%7D&topic=b&topic=b");
    const std::string first = watcher.read_event();
    EXPECT_TRUE(first.starts_with("id: urn:uuid:")) << first;
    EXPECT_EQ(member(first, "@context"), "https://mercure.rocks/");
    EXPECT_EQ(member(first, "type"), "Subscription");
    EXPECT_EQ(member(first, "topic"), "b");
    EXPECT_EQ(member(first, "active"), "true");
    id = member(first, "subscriber");
    EXPECT_TRUE(id.starts_with("urn:uuid:")) << first;
    const std::string second = watcher.read_event();
    EXPECT_EQ(member(second, "topic"), "https://example.com/{id}");
    EXPECT_EQ(member(second, "subscriber"), id) << "it is the same subscriber";
    EXPECT_EQ(member(second, "id"), subscription_path("https://example.com/{id}", id));
    EXPECT_EQ(second.find("payload"), second.npos);
  }
  for (const char* topic : {"b", "https://example.com/{id}"}) {
    const std::string gone = watcher.read_event();
    EXPECT_EQ(member(gone, "topic"), topic);
    EXPECT_EQ(member(gone, "subscriber"), id);
    EXPECT_EQ(member(gone, "active"), "false");
  }
}

TEST_F(SubscriptionsTest, ThePayloadOfATokenIsShown) {
  Subscriber watcher(server_.port(), kWatch, bearer(kSeesAll));
  watcher.read_event();
  const auto key = Key::from_secret(kTestKey, Algorithm::kHs256).value();
  const std::string token = make_token(key, Grants{}, R"({"name":"Zoë","age":7})").value();
  Subscriber reader(server_.port(), "topic=a", bearer(token));
  const std::string news = watcher.read_event();
  EXPECT_NE(news.find(R"("payload":{"age":7,"name":"Zoë"})"), news.npos) << news;
}

TEST_F(SubscriptionsTest, OnlyThoseWhomATokenGrantsItAreTold) {
  Subscriber anybody(server_.port(), "topic=%2A");
  Subscriber other(server_.port(), "topic=%2A", bearer(token_for({}, {"a", "https://example.com/{id}"})));
  Subscriber of_a(server_.port(), kWatch, bearer(token_for({}, {"/.well-known/mercure/subscriptions/a/{subscriber}"})));
  Subscriber a(server_.port(), "topic=a");
  EXPECT_EQ(member(of_a.read_event(), "topic"), "a");
  ask(server_.port(), post("topic=end&data=end", token_for({"*"}, {})));
  EXPECT_NE(anybody.read_event().find("data: end"), std::string::npos);
  EXPECT_NE(other.read_event().find("data: end"), std::string::npos);
}

TEST_F(SubscriptionsTest, AreListedAllByTopicAndSingly) {
  EXPECT_EQ(list().status, 200);
  Subscriber one(server_.port(), "topic=a&topic=b%20c");
  Subscriber other(server_.port(), "topic=a");
  const auto all = list();
  EXPECT_EQ(all.status, 200);
  EXPECT_TRUE(all.has("Content-Type: application/ld+json"));
  EXPECT_EQ(member(all.body, "id"), "/.well-known/mercure/subscriptions");
  EXPECT_EQ(member(all.body, "type"), "Subscriptions");
  const auto count = [](const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count(all.body, R"("type":"Subscription")"), 3u) << all.body;
  EXPECT_EQ(count(all.body, "@context"), 1u);
  EXPECT_EQ(count(list("/a").body, R"("topic":"a")"), 2u);
  const auto spaced = list("/b%20c");
  EXPECT_EQ(count(spaced.body, R"("topic":"b c")"), 1u) << spaced.body;
  EXPECT_EQ(count(list("/nobody").body, "Subscription\""), 0u);

  const std::string id = member(spaced.body.substr(spaced.body.find("subscriptions\":[")), "id");
  const auto single = ask(server_.port(), get(id, bearer(kSeesAll)));
  EXPECT_EQ(single.status, 200) << id;
  EXPECT_EQ(member(single.body, "id"), id);
  EXPECT_EQ(member(single.body, "active"), "true");
  EXPECT_NE(member(single.body, "lastEventID"), "");
  EXPECT_EQ(list("/a/urn%3Auuid%3Anobody").status, 404);
  for (const char* path : {"/", "/a/", "//", "/a/b/c"}) EXPECT_EQ(list(path).status, 404) << path;
}

TEST_F(SubscriptionsTest, AListThatHasNotChangedIsNotSentAgain) {
  Subscriber watcher(server_.port(), kWatch, bearer(kSeesAll));
  watcher.read_event();
  const auto first = list();
  const std::string etag = etag_of(first);
  EXPECT_NE(etag, "");
  const std::string known = bearer(kSeesAll) + "If-None-Match: \"x\", " + etag + "\r\n";
  ask(server_.port(), post("topic=t&data=1", token_for({"*"}, {})));  // other updates change nothing
  const auto unchanged = list("", known);
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_TRUE(unchanged.has("ETag: " + etag));
  EXPECT_EQ(list("/a", bearer("bad") + "If-None-Match: " + etag + "\r\n").status, 401) << "not without access";
  EXPECT_EQ(list("/a/nobody", known).status, 404) << "what is not there is not unchanged";
  Subscriber another(server_.port(), "topic=a");
  EXPECT_EQ(list("", known).status, 200) << "at once, whether or not the change has been announced";
}

TEST(Subscriptions, ListsThatNobodyTakesAreBounded) {
  ServerUnderTest server(telling([](ServerOptions& options) {
    options.threads = 1;
    options.limits.budget_bytes = 24 * 1024 * 1024;
    options.limits.unsent_bytes_max = 16 * 1024;
  }));
  std::string topics;
  for (int i = 0; i < 100; ++i) topics += "topic=" + std::string(100, 'x') + std::to_string(i) + "&";
  std::vector<std::unique_ptr<Subscriber>> subscribers;
  for (int i = 0; i < 60; ++i) subscribers.push_back(std::make_unique<Subscriber>(server.port(), topics));
  const std::string request = get(kSubscriptionsPath, bearer(kSeesAll));
  std::vector<std::unique_ptr<Client>> readers;  // of 3 MB each, which they leave where they are
  int status = 200;
  while (status == 200 && readers.size() < 20) {
    readers.push_back(std::make_unique<Client>(server.port(), /*receive_buffer_bytes=*/4'096));
    const std::string head = readers.back()->send(request).read_through("\r\n\r\n");
    status = std::stoi(head.substr(9));
    if (status != 200) {
      EXPECT_NE(head.find("\r\nRetry-After: "), head.npos) << head;
    }
  }
  EXPECT_EQ(status, 503);
  EXPECT_GE(readers.size(), 2u);
  readers.clear();
  for (int tries = 0; tries < 1'000 && ask(server.port(), request).status != 200; ++tries) {
  }
  EXPECT_EQ(ask(server.port(), request).status, 200) << "once they are gone, there is room again";
}

TEST(Subscriptions, ChangesBeyondTheBoundAreDroppedAndTheNextOnesTold) {
  ServerUnderTest server(telling([](ServerOptions& options) {
    options.threads = 1;
    options.limits.announcements_max = 3;
  }));
  Subscriber watcher(server.port(), kWatch, bearer(kSeesAll));
  watcher.read_event();
  Subscriber many(server.port(), "topic=a&topic=b&topic=c&topic=d&topic=e");
  for (const char* topic : {"a", "b", "c"}) EXPECT_EQ(member(watcher.read_event(), "topic"), topic);
  Subscriber next(server.port(), "topic=next");
  EXPECT_EQ(member(watcher.read_event(), "topic"), "next");
}

TEST_F(SubscriptionsTest, WhoReadsOnFromTheListMissesNoChange) {
  const std::string before = member(list().body, "lastEventID");
  {
    Subscriber passing(server_.port(), "topic=a");
  }
  Subscriber watcher(server_.port(), kWatch, bearer(kSeesAll) + "Last-Event-ID: " + before + "\r\n");
  EXPECT_TRUE(watcher.answer.has("Last-Event-ID: " + before));
  std::vector<std::string> of_a;
  for (int i = 0; i < 3; ++i) {  // the watcher's own stands among them, anywhere
    const std::string news = watcher.read_event();
    if (member(news, "topic") == "a") of_a.push_back(member(news, "active"));
  }
  EXPECT_EQ(of_a, (std::vector<std::string>{"true", "false"}));
}

TEST(Subscriptions, AWatcherThatMayHaveMissedChangesIsTold) {
  Limits limits;
  limits.transient_bytes_max = 1;  // the newest only
  MemoryLog log(limits);
  ServerUnderTest server(telling(), &log);
  const std::string kept = ask(server.port(), post("topic=b&data=1", token_for({"*"}, {}))).body;
  const std::string known = "Last-Event-ID: " + kept;
  Subscriber clock(server.port(), kWatch, bearer(kSeesAll));
  clock.read_event();
  {
    Subscriber passing(server.port(), "topic=a");
  }
  clock.read_event();
  clock.read_event();
  ask(server.port(), post("topic=b&data=2&id=2", token_for({"*"}, {})));
  Subscriber watcher(server.port(), kWatch + "&topic=b", bearer(kSeesAll) + known + "\r\n");
  EXPECT_TRUE(watcher.answer.has("Last-Event-ID: earliest"));
  EXPECT_EQ(member(watcher.read_event(), "active"), "false") << "the newest is held";
  EXPECT_EQ(watcher.read_event(), "id: 2\ndata: 2\n\n") << "and all that is stored comes";
  Subscriber reader(server.port(), "topic=b", bearer(kSeesAll) + known + "\r\n");
  EXPECT_TRUE(reader.answer.has(known)) << "who selects no such updates misses none";
  const std::string poll = kWatch + "&mode=poll&wait=0";
  const TestAnswer polled = ask(server.port(), subscribe(poll, bearer(kSeesAll) + known + "\r\n"));
  EXPECT_TRUE(polled.has("Last-Event-ID: earliest")) << polled.head;
}

TEST_F(SubscriptionsTest, ListingTakesAGrantForThePath) {
  EXPECT_EQ(list("", "").status, 401);
  EXPECT_EQ(list("", bearer("no token")).status, 401);
  const auto refused = list("/a%2Fb", bearer(token_for({"*"}, {"a"})));
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("/.well-known/mercure/subscriptions/a%2Fb"), std::string::npos) << refused.body;
  const std::string of_a = bearer(token_for({}, {"/.well-known/mercure/subscriptions/a%2Fb"}));
  EXPECT_EQ(list("/a%2Fb", of_a).status, 200);
  EXPECT_EQ(list("/a%2fb", of_a).status, 200) << "the same path, written in another way";
  EXPECT_EQ(list("/b", of_a).status, 403);
  EXPECT_EQ(list("", of_a).status, 403);
  EXPECT_EQ(list("?a=b", bearer(token_for({}, {"*"}))).status, 200);
}

TEST(Subscriptions, AreNotToldUnlessTheServerIsToldTo) {
  ServerUnderTest server;
  EXPECT_EQ(ask(server.port(), get(kSubscriptionsPath, bearer(kSeesAll))).status, 404);
  Subscriber watcher(server.port(), kWatch + "&topic=end", bearer(kSeesAll));
  ask(server.port(), post("topic=end&data=end", token_for({"*"}, {})));
  EXPECT_NE(watcher.read_event().find("data: end"), std::string::npos);
}

// Fails its first appends of updates about subscriptions.
class UnwillingLog final : public EventLog {
 public:
  void append_all(std::vector<Update> updates, AppendAllDone done) override {
    if (updates.front().is_private && failures_left_-- > 0) return done(fail("not now", ErrorKind::kOverloaded));
    log_.append_all(std::move(updates), std::move(done));
  }
  Position follow(LogFollower& follower) override { return log_.follow(follower); }
  void unfollow(LogFollower& follower) override { log_.unfollow(follower); }
  void read_after(ReadRequest request, ReadDone done) override { log_.read_after(std::move(request), std::move(done)); }
  void find(std::string id, FindDone done) override { log_.find(std::move(id), std::move(done)); }
  void find_time(std::uint64_t unix_ms, FindDone done) override { log_.find_time(unix_ms, std::move(done)); }
  Position transient_after() const override { return log_.transient_after(); }
  std::string id_of(Position position) const override { return log_.id_of(position); }

 private:
  MemoryLog log_{Limits{}};
  std::atomic<int> failures_left_ = 1;
};

TEST(Subscriptions, ChangesThatTheLogCannotTakeAreToldLater) {
  UnwillingLog log;
  ServerUnderTest server(telling([](ServerOptions& options) { options.threads = 1; }), &log);
  Subscriber watcher(server.port(), kWatch, bearer(kSeesAll));
  {
    Subscriber passing(server.port(), "topic=a");
  }
  EXPECT_NE(member(watcher.read_event(), "topic"), "a") << "itself first";
  EXPECT_EQ(member(watcher.read_event(), "active"), "true");
  EXPECT_EQ(member(watcher.read_event(), "active"), "false");
}

// A client whose machine has lost its network: it acknowledges nothing and says nothing.
TEST(Subscriptions, AClientWhoseMachineIsGoneIsAnnouncedAsGone) {
  ServerUnderTest server(telling([](ServerOptions& options) {
    options.limits.heartbeat_ms = 250;
    options.limits.dead_peer_ms = 2'000;
  }));
  Subscriber watcher(server.port(), kWatch, bearer(kSeesAll));
  watcher.read_event();
  Subscriber lost(server.port(), "topic=a");
  EXPECT_EQ(member(watcher.read_event(), "active"), "true");
  sock_filter drop_all[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog filter{.len = 1, .filter = drop_all};
  ASSERT_EQ(::setsockopt(lost.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), 0);
  const std::string gone = watcher.read_event();
  EXPECT_EQ(member(gone, "topic"), "a");
  EXPECT_EQ(member(gone, "active"), "false");
}

TEST(Subscriptions, AClientThatOnlyReadsNothingIsNotTakenForGone) {
  ServerUnderTest server(telling([](ServerOptions& options) {
    options.limits.heartbeat_ms = 250;
    options.limits.dead_peer_ms = 3'000;
  }));
  Subscriber slow(server.port(), "topic=a", {}, /*receive_buffer_bytes=*/4'096);
  const std::string publisher = token_for({"*"}, {});
  const std::string update = "topic=a&data=" + std::string(100'000, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_EQ(ask(server.port(), post(update, publisher)).status, 200);
  // Heartbeats of another stream tell the time.
  Subscriber clock(server.port(), "topic=b");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(clock.read_chunk(), ":\n");
  for (int i = 0; i < 100; ++i) ASSERT_NE(slow.read_event(), "") << i;
}

}  // namespace
}  // namespace fanfare
