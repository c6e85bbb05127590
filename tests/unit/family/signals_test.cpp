#include <atomic>
#include <memory>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/unit/family/storage.hpp"

namespace fleet::family::test {

using expression::Value;

namespace {

std::unique_ptr<FamilySignals> open_signals(const std::string& kind,
                                            const test_support::TemporaryFolder& folder) {
    return kind == "memory" ? memory_signals() : sqlite_signals(folder / "signals.sqlite");
}

}  // namespace

TEST_CASE("signals of a channel are consumed in their order, once") {
    const test_support::TemporaryFolder folder;
    const auto signals = open_signals(GENERATE("memory", "sqlite"), folder);
    CHECK_FALSE(signals->consume("q"));
    for (int i = 0; i < 50; ++i) {
        signals->send("q", Value::integer(i));
    }
    CHECK(signals->peek("q").size() == 50);
    for (int i = 0; i < 50; ++i) {
        const auto data = signals->consume("q");
        REQUIRE(data);
        REQUIRE(expression::equal(*data, Value::integer(i)));
    }
    CHECK_FALSE(signals->consume("q"));
    CHECK(signals->channels().empty());
}

TEST_CASE("channels that hold something are listed by name") {
    const test_support::TemporaryFolder folder;
    const auto signals = open_signals(GENERATE("memory", "sqlite"), folder);
    signals->send("room/2", expression::from_json(R"({"n":[1,"x",null]})"));
    signals->send("room/1", Value());
    CHECK(signals->channels() == std::vector<std::string>{"room/1", "room/2"});
    CHECK(signals->peek("room/1").front().is_null());
    CHECK(expression::equal(*signals->consume("room/2"),
                            expression::from_json(R"({"n":[1,"x",null]})")));
    CHECK(signals->channels() == std::vector<std::string>{"room/1"});
}

TEST_CASE("each signal goes to one of those that consume at the same time") {
    const test_support::TemporaryFolder folder;
    const auto kind = std::string(GENERATE("memory", "sqlite"));
    const auto signals = open_signals(kind, folder);
    constexpr int kSignals = 100;
    for (int i = 0; i < kSignals; ++i) {
        signals->send("q", Value::integer(i));
    }
    std::atomic<int> taken{0};
    std::atomic<std::int64_t> sum{0};
    const auto work = [&] {
        // In SQLite everyone has a connection of its own, as processes do.
        const auto own = kind == "sqlite" ? open_signals(kind, folder) : nullptr;
        FamilySignals& mine = own ? *own : *signals;
        while (const auto data = mine.consume("q")) {
            ++taken;
            sum += data->as_integer();
        }
    };
    {
        const std::jthread first(work);
        const std::jthread second(work);
    }
    CHECK(taken == kSignals);
    CHECK(sum == kSignals * (kSignals - 1) / 2);
}

}  // namespace fleet::family::test
