#include "worker/claim_size.hpp"

#include <catch2/catch.hpp>

namespace fleet::worker {
namespace {

using namespace std::chrono_literals;

}  // namespace

TEST_CASE("the first claim asks for the free slots alone and begins them") {
    const ClaimSize size(4, std::nullopt);
    const ClaimSize::Next next = size.next({});
    CHECK(next.limit == 4);
    CHECK(next.begin == 4);
    CHECK(size.next({4, 0, 4}).limit == 0);
    CHECK(size.next({3, 0, 3}).limit == 1);
}

TEST_CASE("instant items are claimed in ever larger bites, and never begun by the claim") {
    ClaimSize size(2, std::nullopt);
    std::size_t last = 0;
    for (int i = 0; i < 6; ++i) {
        size.claimed(4, 0, 1000);
        const ClaimSize::Next next = size.next({});
        CHECK(next.begin == 0);
        CHECK(next.limit >= last);
        last = next.limit;
    }
    CHECK(last == ClaimSize::kLargestClaim);
    CHECK(size.next({ClaimSize::kMostInstant + 2, 0, 1}).limit == 0);
}

TEST_CASE("quick commands are prefetched for about 50 ms, slow ones are not") {
    ClaimSize size(2, std::nullopt);
    size.claimed(0, 2, 1000);
    for (int i = 0; i < 50; ++i) {
        size.served(5ms);
    }
    CHECK(size.next({0, 0, 0}).limit == 2 + 2 * 10);
    for (int i = 0; i < 50; ++i) {
        size.served(10s);
    }
    CHECK(size.next({0, 0, 0}).limit == 2);
}

TEST_CASE("the prefetch limit of the command line holds for every kind") {
    ClaimSize size(2, 3);
    size.served(1us);
    CHECK(size.next({}).limit == 5);
    size.claimed(100, 0, 1000);
    CHECK(size.next({}).limit == 5);
    ClaimSize none(2, 0);
    none.claimed(100, 0, 1000);
    CHECK(none.next({}).limit == 2);
    CHECK(none.claim_at() == 1);
}

TEST_CASE("commands that come where instant items were expected go back") {
    ClaimSize size(2, std::nullopt);
    size.claimed(200, 0, 1000);
    CHECK(size.surplus(100, {0, 0, 1}) == 99);
    CHECK(size.surplus(1, {0, 0, 1}) == 0);
}

TEST_CASE("large inputs are not piled up") {
    ClaimSize size(2, std::nullopt);
    for (int i = 0; i < 6; ++i) {
        size.claimed(4, 0, 4U * (10U << 20U));
    }
    CHECK(size.next({}).limit == 3);
}

TEST_CASE("a prefetch that stalled is not repeated") {
    ClaimSize size(1, std::nullopt);
    size.served(1ms);
    CHECK(size.next({}).limit > 1);
    size.stalled();
    CHECK(size.next({}).limit == 1);
}

}  // namespace fleet::worker
