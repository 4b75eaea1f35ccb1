#include "fanfare/history_rocksdb/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace fanfare::stored {
namespace {

using namespace std::string_view_literals;

Update sample() {
  Update update;
  update.topics = {"a", std::string(200, 't')};
  update.data = "line\nline";
  update.id = "id 1";
  update.type = "note";
  update.retry_ms = 300;
  update.is_private = true;
  return update;
}

void expect_equal(const Update& one, const Update& other) {
  EXPECT_EQ(one.topics, other.topics);
  EXPECT_EQ(one.data, other.data);
  EXPECT_EQ(one.id, other.id);
  EXPECT_EQ(one.type, other.type);
  EXPECT_EQ(one.retry_ms, other.retry_ms);
  EXPECT_EQ(one.is_private, other.is_private);
}

TEST(Record, IsTheBytesThatTheFormatDraws) {
  Update update = sample();
  update.topics = {"a", "bc"};
  EXPECT_EQ(encode_update(update, IdOrigin::kPublisher, 1'000),
            "\x07\xe8\x07\x02\x01"
            "a\x02"
            "bc\x04note\xac\x02\x04id 1line\nline"sv);
  Update plain;
  plain.topics = {"t"};
  plain.id = "made by the hub";
  EXPECT_EQ(encode_update(plain, IdOrigin::kHub, 5), "\x00\x05\x01\x01t\x00"sv);
}

TEST(Record, ReadsWhatItWroteIntoAnUpdateThatHeldAnother) {
  Update read = sample();
  Update plain;
  plain.topics = {"t"};
  plain.data = "d";
  for (const auto& update : {sample(), plain}) {
    const auto origin = update.id.empty() ? IdOrigin::kHub : IdOrigin::kPublisher;
    const auto head = decode_update(encode_update(update, origin, 1'700'000'000'000), read);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->unix_ms, 1'700'000'000'000u);
    EXPECT_EQ(head->id_origin, origin);
    expect_equal(read, update);
  }
  EXPECT_EQ(unix_ms_of(encode_update(plain, IdOrigin::kHub, 77)), 77u);
}

TEST(Record, ARecordCutShortOrMisreadIsNone) {
  Update update = sample();
  update.data.clear();
  const std::string whole = encode_update(update, IdOrigin::kPublisher, 1'000);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto exact = std::make_unique<char[]>(length);
    std::copy_n(whole.data(), length, exact.get());
    EXPECT_FALSE(decode_update({exact.get(), length}, update)) << length;
  }
  EXPECT_FALSE(decode_update("\x08\x05\x01\x01t\x00"sv, update)) << "an unknown flag";
  EXPECT_FALSE(decode_update("\x00\x05\x00\x00"sv, update)) << "no topic";
  EXPECT_FALSE(decode_update("\x00\x05\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00"sv, update)) << "topics without end";
}

TEST(Record, KeysOrderAsTheLogDoesAndTopicsNewestFirst) {
  const Position positions[] = {0, 1, 255, 256, UINT64_MAX - 1, UINT64_MAX};
  for (std::size_t i = 1; i < std::size(positions); ++i) {
    const Position before = positions[i - 1];
    const Position after = positions[i];
    EXPECT_LT(position_key(before), position_key(after));
    EXPECT_LT(id_key("x", before), id_key("x", after));
    EXPECT_GT(topic_key("x", before), topic_key("x", after));
  }
  EXPECT_EQ(read_position_key(position_key(258)), 258u);
  EXPECT_EQ(position_of_topic_key(topic_key("x", 258)), 258u);
  EXPECT_EQ(position_of_id_key(id_key("", 258)), 258u);
  EXPECT_FALSE(read_position_key("1234567"));
  EXPECT_FALSE(position_of_id_key("12345678901"));
}

TEST(Record, NoTopicsKeysStandAmongAnothers) {
  // "a" followed by what could be a position is a topic too.
  const std::string sly("a\xff\xff\xff\xff\xff\xff\xff\xfe"sv);
  EXPECT_FALSE(topic_key(sly, 1).starts_with(topic_prefix("a")));
  EXPECT_EQ(topic_key("a", 1).size(), topic_prefix("a").size() + 8);
  EXPECT_TRUE(topic_key("a", 1).starts_with(topic_prefix("a")));
}

}  // namespace
}  // namespace fanfare::stored
