// What a connection speaks: it makes exchanges of the bytes that come, and bytes of their answers. It touches no
// socket: the connection does, and asks it. One thread: the shard's.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace fanfare {

class Protocol {
 public:
  virtual ~Protocol() = default;

  // Whether the peer's bytes are of use now; else they stay in the kernel.
  virtual bool wants_bytes() const = 0;
  virtual void receive(std::string_view bytes) = 0;
  // The peer will send nothing more.
  virtual void receive_end() = 0;
  // What was received together has been: answers may go out.
  virtual bool has_output() const = 0;

  // The flush of the turn: fills slices with what to send, and returns how many; they are valid until consume().
  virtual std::size_t compose(std::span<std::string_view> slices) = 0;
  struct Consumed {
    bool has_more = false;       // there is more to compose at once
    bool was_an_answer = false;  // a part of one: the peer's turn, or the next request's
  };
  // So many of the composed bytes were taken.
  virtual Consumed consume(std::size_t bytes) = 0;
  // Everything composed has been sent: what follows from that.
  virtual void settle() = 0;

  // Tells the connection how long to wait for the peer (wait_at_most, wait_until), or nothing where a wait that has
  // begun goes on, whatever has come meanwhile.
  virtual void set_deadline() = 0;
  virtual void on_deadline() = 0;
  // The server is shutting down: open streams end after these event-stream bytes.
  virtual void drain(std::string_view last_words) = 0;
  // The connection is closed; note: why, if that is worth telling.
  virtual void on_closed(std::string_view note) = 0;
};

}  // namespace fanfare
