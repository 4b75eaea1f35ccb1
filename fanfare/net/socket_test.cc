// Sockets, listeners and the fan-out writer over real connections of the loopback interface.
#include "fanfare/net/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fanfare/net/fan_out_writer.h"
#include "fanfare/net/listener.h"

namespace fanfare::net {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};

// A connection whose far end is a blocking socket of the test.
class FarEnd {
 public:
  explicit FarEnd(const Address& to) : fd_(::socket(to.storage.ss_family, SOCK_STREAM, 0)) {
    is_connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to.storage), to.length) == 0;
  }
  ~FarEnd() { close(); }
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;

  bool is_connected() const { return is_connected_; }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
  }
  // So many bytes, or fewer if the connection ends; "reset" if it is reset.
  std::string read(std::size_t count) {
    std::string bytes(count, '\0');
    const ssize_t got = ::recv(fd_, bytes.data(), count, MSG_WAITALL);
    if (got < 0) return "reset";
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
  bool is_connected_ = false;
};

// Runs the loop until it is told to stop, or fails.
class NetTest : public testing::Test {
 protected:
  void run() {
    bool is_late = false;
    patience_.start(kPatience, [&] {
      is_late = true;
      loop_.stop();
    });
    loop_.run();
    EXPECT_FALSE(is_late) << "nothing happened";
  }
  std::unique_ptr<Listener> listen(Listener::OnAccept on_accept) {
    auto listener = Listener::open(loop_, *parse_address("127.0.0.1:0"), std::move(on_accept));
    EXPECT_TRUE(listener.has_value());
    return std::move(*listener);
  }

  Limits limits_;
  Loop loop_;
  Timer patience_{loop_};
};

struct Visitor : SocketVisitor {
  std::move_only_function<void()> readable = [] { ADD_FAILURE() << "readable"; };
  std::move_only_function<void()> writable = [] { ADD_FAILURE() << "writable"; };
  void on_readable() override { readable(); }
  void on_writable() override { writable(); }
};

class SocketTest : public NetTest {
 protected:
  SocketTest() {
    const auto listener = listen([this](int fd, const Address& peer) {
      EXPECT_TRUE(peer.is_loopback());
      socket_ = std::make_unique<Socket>(loop_, fd, visitor_, limits_);
      loop_.stop();
    });
    far_ = std::make_unique<FarEnd>(listener->address());
    listener->start();
    loop_.run();
  }
  // What is to be done in the running loop, which then stops.
  template <typename Then>
  auto stopping(Then then) {
    return [this, then]() mutable {
      then();
      loop_.stop();
    };
  }

  Visitor visitor_;
  std::unique_ptr<Socket> socket_;
  std::unique_ptr<FarEnd> far_;
  std::array<char, 16> buffer_{};
};

TEST_F(SocketTest, TellsOnceWhenThereIsSomethingToRead) {
  std::string said;
  visitor_.readable = [&] {
    const auto read = socket_->read(buffer_);
    EXPECT_EQ(read.status, IoStatus::kDone);
    said.append(buffer_.data(), read.bytes);
    EXPECT_EQ(socket_->read(buffer_).status, IoStatus::kWouldBlock);
    // Without a new wait nobody hears of more.
    far_->send("more");
    loop_.post([&] { loop_.post([&] { loop_.stop(); }); });
  };
  socket_->wait_readable();
  socket_->wait_readable();
  far_->send("hello");
  run();
  EXPECT_EQ(said, "hello");
}

TEST_F(SocketTest, AWaitForWhatIsThereAlreadyIsAnsweredInALaterTurn) {
  far_->send("hello");
  bool was_told = false;
  visitor_.readable = stopping([&] { was_told = true; });
  socket_->wait_readable();
  EXPECT_FALSE(was_told);
  run();
  EXPECT_TRUE(was_told);
}

TEST_F(SocketTest, TheEndCanBeRead) {
  IoStatus status = IoStatus::kDone;
  visitor_.readable = stopping([&] { status = socket_->read(buffer_).status; });
  socket_->wait_readable();
  far_->close();
  run();
  EXPECT_EQ(status, IoStatus::kEnd);
}

TEST_F(SocketTest, MayBeDestroyedWhileItWaits) {
  socket_->wait_readable();
  socket_->wait_writable();
  far_->send("hello");
  loop_.post([&] { socket_.reset(); });
  loop_.post([&] { loop_.post([&] { loop_.post([&] { loop_.stop(); }); }); });
  run();                              // the visitor fails the test if it is called
  EXPECT_EQ(far_->read(1), "reset");  // "hello" was never read
}

TEST_F(SocketTest, MayBeDestroyedByItsOwnVisitor) {
  visitor_.writable = stopping([&] { socket_.reset(); });
  socket_->wait_writable();
  run();
  EXPECT_EQ(far_->read(1), "");
}

TEST_F(SocketTest, ShutdownEndsOnlyOurSide) {
  socket_->shutdown_send();
  EXPECT_EQ(far_->read(1), "");
  std::size_t bytes = 0;
  visitor_.readable = stopping([&] { bytes = socket_->read(buffer_).bytes; });
  socket_->wait_readable();
  far_->send("hello");
  run();
  EXPECT_EQ(bytes, 5u);
}

TEST_F(SocketTest, ResetThrowsAwayWhatIsUnsent) {
  socket_->reset();
  EXPECT_FALSE(socket_->is_open());
  EXPECT_EQ(far_->read(1), "reset");
  socket_->wait_readable();  // a closed socket takes every call and does nothing
  socket_->shutdown_send();
  socket_->close();
}

IoResult write_one(FanOutWriter& writer, int fd, std::span<const std::string_view> slices) {
  StreamWrite write{.fd = fd, .slices = slices};
  writer.write({&write, 1});
  return write.result;
}

TEST_F(SocketTest, TheWriterJoinsSlicesInOrder) {
  const auto writer = make_send_writer();
  const std::string_view one[] = {"one"};
  const std::string_view three[] = {"two", "three", "four"};
  EXPECT_EQ(write_one(*writer, socket_->fd(), one).bytes, 3u);
  EXPECT_EQ(write_one(*writer, socket_->fd(), three).bytes, 12u);
  const std::vector<std::string_view> many(100, "x");
  const auto result = write_one(*writer, socket_->fd(), many);
  EXPECT_EQ(result.status, IoStatus::kDone);
  EXPECT_LE(result.bytes, 100u);
  EXPECT_GT(result.bytes, 0u);
  EXPECT_EQ(far_->read(15 + result.bytes), "onetwothreefour" + std::string(result.bytes, 'x'));
}

TEST_F(SocketTest, TheWriterTellsPartialBlockedAndBrokenWritesApart) {
  const auto writer = make_send_writer();
  std::string text;
  for (int i = 0; text.size() < 20'000'000; ++i) text += std::to_string(i) + " ";
  const std::string_view whole = text;
  std::size_t sent = 0;
  IoResult result{IoStatus::kDone};
  while (result.status == IoStatus::kDone) {
    const std::string_view slices[] = {whole.substr(sent, 1'000'000), whole.substr(sent + 1'000'000)};
    result = write_one(*writer, socket_->fd(), slices);
    sent += result.bytes;
    ASSERT_LT(sent, text.size()) << "the socket takes everything";
  }
  EXPECT_EQ(result.status, IoStatus::kWouldBlock);
  EXPECT_EQ(result.bytes, 0u);
  visitor_.writable = stopping([] {});
  socket_->wait_writable();
  EXPECT_EQ(far_->read(sent), whole.substr(0, sent));
  run();

  far_->close();
  visitor_.readable = stopping([] {});
  socket_->wait_readable();
  run();
  const std::string_view more[] = {"x"};
  write_one(*writer, socket_->fd(), more);  // is answered with a reset
  socket_->wait_readable();
  run();
  EXPECT_EQ(write_one(*writer, socket_->fd(), more).status, IoStatus::kFailed);
}

TEST_F(SocketTest, OneBrokenSocketOfABatchLeavesTheOthersAlone) {
  const auto writer = make_send_writer();
  const std::string_view text[] = {"hello"};
  StreamWrite writes[] = {{.fd = -1, .slices = text}, {.fd = socket_->fd(), .slices = text}};
  writer->write(writes);
  EXPECT_EQ(writes[0].result.status, IoStatus::kFailed);
  EXPECT_EQ(writes[1].result.bytes, 5u);
  EXPECT_EQ(far_->read(5), "hello");
}

class ListenerTest : public NetTest {};

TEST_F(ListenerTest, GivesNonBlockingConnectionsThatAProgramWeStartDoesNotInherit) {
  const auto listener = listen([&](int fd, const Address& peer) {
    EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
    EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
    EXPECT_NE(peer.port(), 0);
    ::close(fd);
    loop_.stop();
  });
  listener->start();
  const FarEnd far(listener->address());
  EXPECT_TRUE(far.is_connected());
  run();
}

TEST_F(ListenerTest, APausedListenerLeavesConnectionsWaiting) {
  int accepted = 0;
  bool is_paused = false;
  std::unique_ptr<Listener> listener;
  listener = listen([&](int fd, const Address&) {
    ::close(fd);
    EXPECT_FALSE(is_paused);
    if (++accepted == 3) return loop_.stop();
    listener->pause();  // also from inside
    is_paused = true;
    loop_.post([&] {
      is_paused = false;
      listener->start();
    });
  });
  std::vector<std::unique_ptr<FarEnd>> far;
  for (int i = 0; i < 3; ++i) far.push_back(std::make_unique<FarEnd>(listener->address()));
  listener->start();
  run();
  EXPECT_EQ(accepted, 3);
}

TEST_F(ListenerTest, ListenersOfOneAddressShareItsConnections) {
  std::array<int, 2> accepted{};
  const auto count = [&](std::size_t which) {
    return [&accepted, which, this](int fd, const Address&) {
      ::close(fd);
      ++accepted[which];
      if (accepted[0] + accepted[1] == 64) loop_.stop();
    };
  };
  const auto first = listen(count(0));
  const auto second = Listener::open(loop_, first->address(), count(1));
  ASSERT_TRUE(second.has_value()) << second.error().message;
  first->start();
  (*second)->start();
  std::vector<std::unique_ptr<FarEnd>> far;
  for (int i = 0; i < 64; ++i) far.push_back(std::make_unique<FarEnd>(first->address()));
  run();
  EXPECT_GT(accepted[0], 0);
  EXPECT_GT(accepted[1], 0);
}

TEST_F(ListenerTest, AnAddressInUseOrOfAnotherMachineIsRefused) {
  const auto taken = listen([](int, const Address&) {});
  EXPECT_FALSE(Listener::check_free(taken->address()).has_value());
  EXPECT_TRUE(Listener::check_free(*parse_address("127.0.0.1:0")).has_value());
  const auto foreign = Listener::open(loop_, *parse_address("192.0.2.1:0"), [](int, const Address&) {});
  ASSERT_FALSE(foreign.has_value());
  EXPECT_NE(foreign.error().message.find("192.0.2.1:0"), std::string::npos);
}

TEST_F(ListenerTest, WithoutFileDescriptorsConnectionsWaitUntilThereAreSome) {
  int accepted = 0;
  const auto listener = listen([&](int fd, const Address&) {
    ::close(fd);
    ++accepted;
    loop_.stop();
  });
  const FarEnd far(listener->address());
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  int turns = 0;
  const std::function<void()> count_turn = [&] {
    if (++turns < 1'000) return loop_.post([&] { count_turn(); });
    EXPECT_EQ(accepted, 0);
    ::setrlimit(RLIMIT_NOFILE, &before);
  };
  loop_.post([&] {  // only now: the sanitizers' own checks need files too
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    listener->start();
    count_turn();
  });
  run();
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(turns, 1'000);
}

TEST_F(ListenerTest, ItsEndClosesTheAddress) {
  auto listener = listen([](int, const Address&) {});
  const Address address = listener->address();
  listener->start();
  listener.reset();
  EXPECT_FALSE(FarEnd(address).is_connected());
}

}  // namespace
}  // namespace fanfare::net
