#include "scaler/share.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <catch2/catch.hpp>
#include <rapidcheck.h>

#include "tests/unit/scaler/fleets.hpp"

namespace fleet::scaler {
namespace {

using Numbers = std::vector<int>;

std::vector<HostShare> random_hosts() {
    const int count = *rc::gen::inRange(1, 12);
    std::vector<HostShare> hosts;
    for (int i = 0; i < count; ++i) {
        hosts.push_back({"host" + std::to_string(i), static_cast<double>(*rc::gen::inRange(0, 9)),
                         *rc::gen::inRange(0, 10), *rc::gen::inRange(0, 30)});
    }
    return hosts;
}

int sum(const Numbers& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), 0);
}

int limits(const std::vector<HostShare>& hosts) {
    int total = 0;
    for (const HostShare& host : hosts) {
        total += host.limit;
    }
    return total;
}

TEST_CASE("shares follow the weights") {
    const std::vector<HostShare> hosts{{"a", 1, 0, 100}, {"b", 3, 0, 100}};
    CHECK(share_out("p", 8, hosts) == Numbers{2, 6});
}

TEST_CASE("existing placements are kept where the division allows it") {
    const std::vector<HostShare> hosts{{"a", 1, 0, 100}, {"b", 1, 2, 100}, {"c", 1, 1, 100}};
    CHECK(share_out("p", 4, hosts) == Numbers{1, 2, 1});
}

TEST_CASE("what a limited host cannot take goes to the others") {
    const std::vector<HostShare> hosts{{"a", 1, 0, 1}, {"b", 1, 0, 100}};
    CHECK(share_out("p", 10, hosts) == Numbers{1, 9});
}

TEST_CASE("ties fall differently for different pools") {
    const std::vector<HostShare> hosts{{"a", 1, 0, 9}, {"b", 1, 0, 9}, {"c", 1, 0, 9}};
    std::set<Numbers> answers;
    for (int pool = 0; pool < 50; ++pool) {
        answers.insert(share_out("pool" + std::to_string(pool), 1, hosts));
    }
    CHECK(answers.size() == 3);
}

TEST_CASE("the sum is preserved, limits hold, and equal input gives equal output") {
    REQUIRE(rc::check([] {
        const auto hosts = random_hosts();
        const int total = *rc::gen::inRange(0, 200);
        const Numbers shares = share_out("pool", total, hosts);
        RC_ASSERT(sum(shares) == std::min(total, limits(hosts)));
        for (std::size_t i = 0; i < hosts.size(); ++i) {
            RC_ASSERT(shares[i] >= 0);
            RC_ASSERT(shares[i] <= hosts[i].limit);
        }
        RC_ASSERT(shares == share_out("pool", total, hosts));
    }));
}

TEST_CASE("the order of the hosts does not matter") {
    REQUIRE(rc::check([] {
        auto hosts = random_hosts();
        const int total = *rc::gen::inRange(0, 100);
        const Numbers forward = share_out("pool", total, hosts);
        std::reverse(hosts.begin(), hosts.end());
        Numbers backward = share_out("pool", total, hosts);
        std::reverse(backward.begin(), backward.end());
        RC_ASSERT(forward == backward);
    }));
}

TEST_CASE("shares are the exact ones rounded, and no other rounding moves fewer workers") {
    REQUIRE(rc::check([] {
        auto hosts = random_hosts();
        hosts.resize(std::min<std::size_t>(hosts.size(), 6));
        double weights = 0;
        for (HostShare& host : hosts) {
            host.limit = 1'000;
            host.weight += 1;
            weights += host.weight;
        }
        const int total = *rc::gen::inRange(0, 60);
        const Numbers shares = share_out("pool", total, hosts);
        const auto moves = [&](const Numbers& numbers) {
            int count = 0;
            for (std::size_t i = 0; i < hosts.size(); ++i) {
                count += std::max(0, hosts[i].current - numbers[i]);
            }
            return count;
        };
        // Every choice of hosts that are rounded up.
        for (unsigned choice = 0; choice < (1U << hosts.size()); ++choice) {
            Numbers other;
            for (std::size_t i = 0; i < hosts.size(); ++i) {
                const double exact = total * hosts[i].weight / weights;
                const double low = std::floor(exact + 1e-6);
                const bool up = (choice >> i & 1U) != 0 && exact - low > 1e-6;
                other.push_back(static_cast<int>(low) + (up ? 1 : 0));
            }
            if (sum(other) == total) {
                RC_ASSERT(moves(shares) <= moves(other));
            }
        }
    }));
}

TEST_CASE("decide stays within its bounds for any observation") {
    REQUIRE(rc::check([] {
        const int running = *rc::gen::inRange(0, 20);
        Observation observation = testing::observe(*rc::gen::inRange(0, 500), running);
        const int workers = *rc::gen::inRange(0, 12);
        for (int i = 0; i < workers; ++i) {
            auto view = testing::worker("w" + std::to_string(i), *rc::gen::inRange(0, 3),
                                        *rc::gen::inRange(0, 900), *rc::gen::inRange(1, 5));
            view.status = *rc::gen::inRange(0, 4) == 0 ? model::WorkerStatus::terminating
                                                       : model::WorkerStatus::active;
            observation.pools[0].workers.push_back(view);
        }
        observation.pools[0].starting.assign(static_cast<std::size_t>(*rc::gen::inRange(0, 4)),
                                             {"a"});
        observation.hosts[0].memory_used = *rc::gen::inRange(0, 100) / 100.0;
        const int min = *rc::gen::inRange(0, 4);
        const int max = min + *rc::gen::inRange(0, 8);
        Policy policy = testing::rules(min, max, *rc::gen::inRange(1, 5));
        policy.pools[0].stabilization = base::Millis{0};
        const PoolPlan plan = testing::decide_one(observation, policy);

        const int present = static_cast<int>(observation.pools[0].workers.size() +
                                             observation.pools[0].starting.size());
        RC_ASSERT(plan.start >= 0);
        RC_ASSERT(plan.start == 0 || present + plan.start <= max);
        RC_ASSERT(plan.start == 0 || plan.retire.empty());
        RC_ASSERT(plan.planned == plan.workers + plan.start +
                                      static_cast<int>(plan.call_back.size()) -
                                      static_cast<int>(plan.retire.size()));
        RC_ASSERT(!plan.reason.empty());
        int above_maximum = std::max(0, plan.workers - max);
        for (const std::string& id : plan.retire) {
            for (const WorkerView& worker : observation.pools[0].workers) {
                if (worker.id == id && worker.busy > 0) {
                    RC_ASSERT(above_maximum-- > 0);
                } else if (worker.id == id) {
                    --above_maximum;
                }
            }
        }
    }));
}

}  // namespace
}  // namespace fleet::scaler
