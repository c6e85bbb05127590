#include "coordinator/event_loop.hpp"

#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

namespace fleet::coordinator {
namespace {

TEST_CASE("a timer that is set again fires once, at the later time") {
    EventLoop loop;
    std::vector<int> order;
    loop.set_timer(1, base::Millis{1}, [&] { order.push_back(1); });
    loop.set_timer(1, base::Millis{30}, [&] {
        order.push_back(2);
        loop.stop();
    });
    loop.set_timer(2, base::Millis{10}, [&] { order.push_back(3); });
    loop.set_timer(3, base::Millis{1}, [&] { order.push_back(4); });
    loop.cancel_timer(3);
    loop.run();
    CHECK(order == std::vector<int>{3, 2});
}

TEST_CASE(
    "a descriptor's handler runs when it is readable, and handlers may be posted by any thread") {
    EventLoop loop;
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    base::UniqueFd read_end(ends[0]);
    base::UniqueFd write_end(ends[1]);
    bool readable = false;
    loop.watch(7, std::move(read_end), [&] {
        readable = true;
        loop.stop();
    });
    const std::jthread other([&] { loop.post([&] { write_end.reset(); }); });
    loop.run();
    CHECK(readable);
}

TEST_CASE("what a handler throws comes out of run, and the loop goes on afterwards") {
    EventLoop loop;
    loop.post([] { throw std::runtime_error("x"); });
    CHECK_THROWS_AS(loop.run(), std::runtime_error);
    loop.post([&] { loop.stop(); });
    CHECK_NOTHROW(loop.run());
}

}  // namespace
}  // namespace fleet::coordinator
