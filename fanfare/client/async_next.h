// EventSource::async_next for the completion tokens of Boost.Asio: use_awaitable, use_future, a callback. The handler's
// signature is void(NextEvent); it is called on its own executor, or else on the loop's thread. The only public header
// that needs Boost.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <utility>

#include "fanfare/client/event_source.h"

namespace fanfare::client {

template <typename CompletionToken>
auto EventSource::async_next(CompletionToken&& token) {
  return boost::asio::async_initiate<CompletionToken, void(NextEvent)>(
      [this](auto handler) {
        auto executor = boost::asio::get_associated_executor(handler);
        when_next(
            [work = boost::asio::make_work_guard(executor), handler = std::move(handler)](NextEvent next) mutable {
              const auto its_executor = work.get_executor();
              boost::asio::dispatch(its_executor, [handler = std::move(handler), next = std::move(next)]() mutable {
                std::move(handler)(std::move(next));
              });
            });
      },
      token);
}

}  // namespace fanfare::client
