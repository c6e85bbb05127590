// Which of many items are looked at.
#include "machines/estimate/sample.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>

using fleet::estimate::ItemSample;

namespace {

std::vector<std::string> sampled(std::size_t most, int items) {
    ItemSample sample(most);
    for (int item = 0; item < items; ++item) {
        sample.add(std::to_string(item));
    }
    return sample.items();
}

}  // namespace

TEST_CASE("few items are all looked at") {
    CHECK(sampled(4, 0).empty());
    CHECK(sampled(4, 3) == std::vector<std::string>{"0", "1", "2"});
    CHECK(sampled(4, 4) == std::vector<std::string>{"0", "1", "2", "3"});
}

TEST_CASE("of many items some are looked at, at equal distances") {
    CHECK(sampled(4, 5) == std::vector<std::string>{"0", "2", "4"});
    CHECK(sampled(4, 9) == std::vector<std::string>{"0", "4", "8"});
    CHECK(rc::check("between half of the most and the most, evenly from the first", [] {
        const auto most = *rc::gen::inRange<std::size_t>(2, 60);
        const auto items = *rc::gen::inRange(1, 3'000);
        const auto found = sampled(most, items);
        RC_ASSERT(found.size() <= most);
        RC_ASSERT(found.size() >= std::min<std::size_t>(most / 2, static_cast<std::size_t>(items)));
        RC_ASSERT(found.front() == "0");
        const int apart = found.size() > 1 ? std::stoi(found[1]) : 1;
        for (std::size_t at = 0; at < found.size(); ++at) {
            RC_ASSERT(std::stoi(found[at]) == static_cast<int>(at) * apart);
        }
        RC_ASSERT(std::stoi(found.back()) + apart >= items);
    }));
}
