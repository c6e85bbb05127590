#include <catch2/catch.hpp>

#include "common/base/errors.hpp"
#include "common/contracts/result.hpp"
#include "common/contracts/trigger.hpp"

using namespace fleet::contracts;

TEST_CASE("a result's URI parses back to its execution") {
    CHECK(result_uri("abc") == "flatagents://abc/result");
    const ResultAddress address = parse_result_uri(result_uri("abc"));
    CHECK(address.execution_id == "abc");
    CHECK(address.path == "result");
    CHECK(parse_result_uri("flatagents://abc/checkpoint").path == "checkpoint");
}

TEST_CASE("text that is not a result's URI is refused and the form shown") {
    for (const std::string uri :
         {"", "abc", "flatagents://", "flatagents:///result", "flatagents://abc",
          "flatagents://abc/", "flatagents://abc/results", "flatagents://a/b/result",
          "http://abc/result"}) {
        CAPTURE(uri);
        CHECK_THROWS_AS(parse_result_uri(uri), fleet::base::ProtocolError);
    }
    try {
        (void)parse_result_uri("abc");
    } catch (const fleet::base::ProtocolError& error) {
        CHECK(error.full_text().find("flatagents://EXECUTION_ID/result") != std::string::npos);
    }
}

TEST_CASE("topics of pools, batches, scalers and results are told apart") {
    CHECK(pool_topic("default") == "pool:default");
    CHECK(batch_topic("b1") == "batch:b1");
    CHECK(scaler_topic() == "scaler");
    CHECK(results_topic() == "results");
}
