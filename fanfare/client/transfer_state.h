// Inside of TransferLoop and Transfer: only transfer_loop.cc and transfer.cc include it. One thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fanfare/client/curl_handles.h"
#include "fanfare/client/transfer.h"

namespace fanfare::client {

struct TransferLoop::State : std::enable_shared_from_this<TransferLoop::State> {
  struct Socket;

  explicit State(boost::asio::io_context& on);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Out of curl's callbacks: must not call curl.
  void watch(curl_socket_t fd, int what);
  void set_timer(long ms);

  void wait(const std::shared_ptr<Socket>& socket, curl_socket_t fd);
  // Something has happened at this socket, or the time has come (CURL_SOCKET_TIMEOUT).
  void act(curl_socket_t fd, int events);
  void end_transfers();

  boost::asio::io_context& context;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets;
  std::unique_ptr<boost::asio::steady_timer> timer;
  Multi multi;  // ends before what its callbacks use
};

struct Transfer::State {
  State(TransferLoop::State& on, TransferVisitor& to, const Request& request, const std::string& last_event_id);
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Out of curl's callbacks.
  std::size_t take_head_line(std::string_view line);
  std::size_t take_bytes(std::string_view bytes);

  void end(CURLcode code);
  void end_head();
  void tell_head(std::string_view body_start);
  TransportFailure failure_of(CURLcode code) const;

  TransferLoop::State& loop;
  TransferVisitor& visitor;
  Easy easy;
  List fields;
  const std::string body;  // of the request
  char error_text[CURL_ERROR_SIZE] = {};

  std::vector<std::pair<std::string, std::string>> head;  // of the response that is coming in
  std::size_t head_bytes = 0;                             // of all of them
  int status = 0;
  bool head_is_complete = false;
  bool has_told_head = false;
  bool is_paused = false;
};

}  // namespace fanfare::client
