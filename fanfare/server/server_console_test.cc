// The console's files over real sockets: coded as the client likes, and not sent to who has them.
#include <gtest/gtest.h>

#include <string>

#include "fanfare/server/server_under_test.h"

namespace fanfare {
namespace {

class ServerConsole : public ::testing::Test {
 protected:
  TestAnswer page(const std::string& headers = "", const std::string& path = "/") {
    return ask(server_.port(), get(path, headers));
  }
  static std::string field(const TestAnswer& answer, const std::string& name) {
    const std::string line = "\r\n" + name + ": ";
    const auto begin = answer.head.find(line);
    if (begin == answer.head.npos) return "";
    return answer.head.substr(begin + line.size(), answer.head.find("\r\n", begin + 2) - begin - line.size());
  }

  ServerUnderTest server_;
};

TEST_F(ServerConsole, EachCodingHasItsBytesAndItsTag) {
  const TestAnswer plain = page();
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(field(plain, "Content-Encoding"), "");
  EXPECT_TRUE(plain.body.starts_with("<!doctype html>"));
  std::string tags = field(plain, "ETag");
  for (const char* coding : {"gzip", "br", "zstd"}) {
    const TestAnswer coded = page("Accept-Encoding: " + std::string(coding) + "\r\n");
    EXPECT_EQ(coded.status, 200);
    EXPECT_EQ(field(coded, "Content-Encoding"), coding);
    EXPECT_TRUE(coded.has("Vary: Accept-Encoding") && coded.has("Cache-Control: no-cache")) << coded.head;
    EXPECT_TRUE(coded.has("Content-Type: text/html; charset=utf-8")) << coded.head;
    EXPECT_LT(2 * coded.body.size(), plain.body.size());
    const std::string tag = field(coded, "ETag");
    EXPECT_TRUE(tag.starts_with('"')) << "strong";
    EXPECT_EQ(tags.find(tag), tags.npos);
    tags += tag;
  }
  EXPECT_TRUE(plain.has("Vary: Accept-Encoding"));
  EXPECT_EQ(field(page("Accept-Encoding: zstd;q=0.1\r\nAccept-Encoding: br\r\n"), "Content-Encoding"), "br")
      << "a list in two fields is one";
}

TEST_F(ServerConsole, WhoHasItIsTold304WithoutABody) {
  const auto page_unless = [this](std::string known) {
    return page(known.insert(0, "Accept-Encoding: br\r\nIf-None-Match: ").append("\r\n"));
  };
  const std::string coded = field(page("Accept-Encoding: br\r\n"), "ETag");
  const std::string plain = field(page(), "ETag");
  for (const std::string& known :
       {coded, "W/" + coded, "\"x\", " + coded, std::string("*"), "\"x\"\r\nIf-None-Match: " + coded}) {
    const TestAnswer answer = page_unless(known);
    EXPECT_EQ(answer.status, 304) << known;
    EXPECT_EQ(field(answer, "ETag"), coded);
    EXPECT_TRUE(answer.has("Vary: Accept-Encoding") && answer.has("Cache-Control: no-cache")) << answer.head;
    EXPECT_EQ(answer.head.find("\r\nContent-"), answer.head.npos) << answer.head;
  }
  for (const std::string& known : {plain, std::string("\"x\""), coded.substr(1)}) {
    EXPECT_EQ(page_unless(known).status, 200) << known << ": another representation";
  }
}

TEST_F(ServerConsole, HeadSaysWhatGetWould) {
  for (const std::string headers : {"", "Accept-Encoding: gzip\r\n"}) {
    const TestAnswer answer = page(headers);
    Client client(server_.port());
    const TestAnswer head =
        client.send("HEAD / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n").read_answer(/*of_head=*/true);
    EXPECT_EQ(head.status, 200);
    for (const char* name : {"Content-Length", "Content-Type", "Content-Encoding", "ETag", "Vary", "Cache-Control"}) {
      EXPECT_EQ(field(head, name), field(answer, name)) << name;
    }
    EXPECT_EQ(client.send(get("/healthz")).read_answer().body, "ok\n") << "no body followed";
    const std::string known = "HEAD / HTTP/1.1\r\nHost: a\r\n" + headers + "If-None-Match: " + field(answer, "ETag");
    EXPECT_EQ(client.send(known + "\r\n\r\n").read_answer(true).status, 304);
  }
}

}  // namespace
}  // namespace fanfare
