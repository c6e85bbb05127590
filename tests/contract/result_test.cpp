// Results by URI.
#include <atomic>
#include <optional>
#include <thread>

#include "common/base/errors.hpp"
#include "tests/contract/store_fixture.hpp"

namespace fleet::contract_test {
namespace {

/// A reader of its own thread; what it got is looked at after `join`.
class Reader {
  public:
    Reader(contracts::Store& store, const std::string& uri)
        : thread_([this, &store, uri](std::stop_token stop) {
              try {
                  started_ = true;
                  result_ = store.results().read(uri, 30s, stop);
              } catch (const base::Cancelled&) {
                  cancelled_ = true;
              } catch (const std::exception& failure) {
                  failure_ = failure.what();
              }
          }) {
        started_.wait(false);
    }
    void stop() { thread_.request_stop(); }
    void join() {
        thread_.join();
        INFO(failure_);
        REQUIRE(failure_.empty());
    }
    [[nodiscard]] const std::optional<base::JsonText>& result() const { return result_; }
    [[nodiscard]] bool cancelled() const { return cancelled_; }

  private:
    std::optional<base::JsonText> result_;
    bool cancelled_ = false;
    std::string failure_;
    class Flag {
      public:
        Flag& operator=(bool value) {
            value_ = value;
            value_.notify_all();
            return *this;
        }
        void wait(bool old) { value_.wait(old); }

      private:
        std::atomic<bool> value_{false};
    } started_;
    std::jthread thread_;  ///< last: it uses everything above
};

TEST_CASE("a result that was written is there until it is removed") {
    FOR_EACH_STORE(f);
    contracts::ResultBackend& results = f.store().results();
    const std::string uri = contracts::result_uri("some-other-id");
    CHECK_FALSE(results.exists(uri));
    CHECK_FALSE(results.read(uri, 0ms, {}));
    CHECK_FALSE(results.remove(uri));
    results.write(uri, R"({"a":1})");
    CHECK(results.exists(uri));
    CHECK(results.read(uri, 0ms, {}) == R"({"a":1})");
    results.write(uri, "2");
    CHECK(results.read(uri, 0ms, {}) == "2");
    CHECK_FALSE(results.exists("flatagents://some-other-id/checkpoint"));
    CHECK(results.remove(uri));
    CHECK_FALSE(results.exists(uri));
}

TEST_CASE("results of every size come back whole, equal ones too") {
    FOR_EACH_STORE(f);
    const std::size_t size = GENERATE(as<std::size_t>{}, 10, contracts::kInlineResultBytes,
                                      contracts::kInlineResultBytes + 1, std::size_t{2} << 20U);
    const std::string data = "\"" + std::string(size - 2, 'r') + "\"";
    contracts::ResultBackend& results = f.store().results();
    results.write(contracts::result_uri("one"), data);
    results.write(contracts::result_uri("two"), data);
    CHECK(results.read(contracts::result_uri("one"), 0ms, {}) == data);
    CHECK(results.remove(contracts::result_uri("one")));
    CHECK(results.read(contracts::result_uri("two"), 0ms, {}) == data);
}

TEST_CASE("a malformed URI is a protocol error that says what one looks like") {
    FOR_EACH_STORE(f);
    contracts::ResultBackend& results = f.store().results();
    for (const std::string uri : {"", "http://x/result", "flatagents:///result",
                                  "flatagents://id/other", "flatagents://id"}) {
        CHECK_THROWS_AS(results.read(uri, 0ms, {}), base::ProtocolError);
        CHECK_THROWS_AS(results.write(uri, "1"), base::ProtocolError);
        CHECK_THROWS_AS(results.exists(uri), base::ProtocolError);
        CHECK_THROWS_AS(results.remove(uri), base::ProtocolError);
    }
}

TEST_CASE("the result of an own execution comes from its commit only") {
    FOR_EACH_STORE(f);
    f.worker("w");
    contracts::ResultBackend& results = f.store().results();
    const ExecutionId id = f.push(1).front();
    const std::string uri = contracts::result_uri(id.text());
    CHECK_FALSE(results.exists(uri));
    CHECK_THROWS_AS(results.write(uri, "1"), base::ProtocolError);
    REQUIRE(f.commit(f.claim_one("w"), NextDone{R"({"ok":true})"}) == CommitResult::applied);
    CHECK(results.exists(uri));
    CHECK(results.read(uri, 0ms, {}) == R"({"ok":true})");
    CHECK_THROWS_AS(results.write(uri, "1"), base::ProtocolError);
    CHECK(results.read(uri, 0ms, {}) == R"({"ok":true})");
}

TEST_CASE("a failed execution has no result") {
    FOR_EACH_STORE(f);
    f.worker("w");
    const ExecutionId id = f.push(1).front();
    REQUIRE(f.commit(f.claim_one("w"), StoreFixture::failure(FailureClass::permanent)) ==
            CommitResult::applied);
    CHECK_FALSE(f.store().results().exists(contracts::result_uri(id.text())));
    CHECK_FALSE(f.store().results().read(contracts::result_uri(id.text()), 0ms, {}));
}

TEST_CASE("a reader that waits in vain comes back with nothing") {
    FOR_EACH_STORE(f);
    CHECK_FALSE(f.store().results().read(contracts::result_uri("never"), 20ms, {}));
}

TEST_CASE("a blocked reader is woken by a write") {
    FOR_EACH_STORE(f);
    Reader reader(f.store(), contracts::result_uri("x"));
    f.store().results().write(contracts::result_uri("y"), "0");
    f.store().results().write(contracts::result_uri("x"), "7");
    reader.join();
    CHECK(reader.result() == "7");
}

TEST_CASE("a blocked reader is woken by the terminal commit of an execution") {
    FOR_EACH_STORE(f);
    f.worker("w");
    ExecutionId id;
    SECTION("of a batch") {
        f.create_batch("b");
        id = f.push(1, "b").front();
    }
    SECTION("outside a batch") {
        id = f.push(1).front();
    }
    const Claimed claimed = f.claim_one("w");
    Reader reader(f.store(), contracts::result_uri(id.text()));
    const StepCommit commit = f.step(claimed, NextDone{"7"});
    REQUIRE(f.commit(commit) == CommitResult::applied);
    reader.join();
    CHECK(reader.result() == "7");
}

TEST_CASE("a blocked reader that is asked to stop is cancelled") {
    FOR_EACH_STORE(f);
    Reader reader(f.store(), contracts::result_uri("never"));
    reader.stop();
    reader.join();
    CHECK(reader.cancelled());
}

}  // namespace
}  // namespace fleet::contract_test
