#include "fanfare/net/fan_out_writer.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace fanfare::net {
namespace {

constexpr std::size_t kSlicesMax = 256;

// One slice by send(): cheaper than sendmsg() by the copying of its header.
ssize_t send_slices(int fd, std::span<const std::string_view> slices) {
  if (slices.size() == 1) return ::send(fd, slices[0].data(), slices[0].size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  std::array<iovec, kSlicesMax> parts;
  const std::size_t count = std::min(slices.size(), parts.size());
  for (std::size_t i = 0; i < count; ++i) parts[i] = {const_cast<char*>(slices[i].data()), slices[i].size()};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

class SendWriter final : public FanOutWriter {
 public:
  void write(std::span<StreamWrite> writes) override {
    for (StreamWrite& each : writes) {
      if (each.tls != nullptr) {
        each.result = each.tls->write(each.slices, record_);
        continue;
      }
      const ssize_t bytes = send_slices(each.fd, each.slices);
      if (bytes >= 0) {
        each.result = {IoStatus::kDone, static_cast<std::size_t>(bytes)};
      } else {
        const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS;
        each.result = {later ? IoStatus::kWouldBlock : IoStatus::kFailed};
      }
    }
  }

 private:
  std::array<char, TlsSession::kRecordBytes> record_;
};

}  // namespace

std::unique_ptr<FanOutWriter> make_send_writer() {
  return std::make_unique<SendWriter>();
}

}  // namespace fanfare::net
