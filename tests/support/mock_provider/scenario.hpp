// What a mock provider does: its limits, answers, latency and faults. A JSON object; every key may
// be left out. docs/mock_provider.md explains the keys with examples.
//
//   seed                  of all that is drawn (1)
//   family                form of error bodies: openai | anthropic | openrouter | cerebras;
//                         left out: anthropic for messages, openai for chat completions
//   headers               rate-limit headers: openai | anthropic | openrouter | cerebras | ietf |
//                         none; left out: as the family
//   retry_after           on a 429 of a limit, one or a list of: seconds | http_date |
//                         milliseconds | none (seconds)
//   accepted_keys         a list; calls with another key get 401. Left out: any key will do
//   models                a list; calls for another model get 404. Left out: any model
//   limits                {NAME: limit}
//     quantity            requests | tokens | input_tokens | output_tokens (requests)
//     kind                token_bucket | fixed_window | sliding_window (token_bucket)
//     amount              needed; a whole number, 0 refuses everything
//     per                 second | minute | hour | day (minute); or
//     window_ms           any window
//     burst               token buckets: what it holds at most (amount)
//     start               fixed windows: aligned | first_call (aligned)
//     scope               all | model | key | model_and_key (all)
//     models, keys        lists; the limit applies to these only
//     reserve_max_tokens  output counts as the call's max_tokens (false)
//     count_refused       a refused call takes what is left, up to its size (false)
//     shown               headers may name it (true)
//   limit_factor          times every amount and burst, rounded down (1)
//   answers               {NAME: answer}; the first that fits is given. Without one: an echo
//     model               fits calls for this model only
//     contains            fits calls whose user text contains this only
//     after_tool          fits calls that end with a tool's result only (true) or never (false);
//                         left out: false when it has tool_calls, otherwise both
//     echo                plain | upper | reversed: the user text, or what of it
//     text                a text; {text} and {model} in it stand for the call's
//     json                any JSON, answered as text; {text} and {model} in its strings likewise
//     tool_calls          [{name, arguments: {...}}]
//     finish_reason       overrides the finish reason, in the words of the endpoint's family
//     input_tokens, output_tokens   counted instead of what is counted
//   latency               until the answer begins
//     kind                constant | uniform | exponential | lognormal (constant)
//     ms                  constant (0)
//     min_ms, max_ms      uniform; max_ms cuts the others off
//     mean_ms             exponential
//     median_ms, sigma    lognormal
//     per_output_token_us added for every token of the answer (0)
//   refusal_latency_ms    until an error's answer begins (0)
//   stream                of streamed answers
//     chunk_tokens        tokens in one event (4)
//     interval_ms         between two events (0)
//   in_flight             {maximum, status}; above it calls get the status: 503 | 529 (503)
//   clock_skew_ms         added to the time in Date, reset and Retry-After headers (0)
//   background            another client that takes from the limits and gets no answers
//     requests_per_s      needed
//     model, key          (empty)
//     input_tokens, output_tokens   of each of its calls (0)
//   faults                {NAME: fault}; the first that strikes
//     kind                see FaultKind
//     probability         of striking a call (1); or
//     next                strikes the next so many calls, then never
//     models, keys        lists; strikes these only
//     contains            strikes calls whose user text contains this only
//     ...                 what its kind needs, see Fault
//   timeline              [{at_ms, set: {...}}]: at that time after the start, or after the
//                         timeline was configured, `set` is merged into the scenario
//
// Values are merged as JSON merge patches (RFC 7386) are: objects key by key, `null` removes a key,
// anything else replaces. Unknown keys are errors that name the nearest known one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/json.hpp"
#include "tests/support/mock_provider/limit_rule.hpp"

namespace fleet::mock_provider {

enum class Family { openai, anthropic, openrouter, cerebras };
enum class HeaderFamily { openai, anthropic, openrouter, cerebras, ietf, none };
enum class RetryAfter { seconds, http_date, milliseconds };

struct ToolCall {
    std::string name;
    std::string arguments;  ///< a JSON object
};

enum class AnswerForm { echo, upper, reversed, text, json, tool_calls };

struct AnswerRule {
    std::string name;
    std::optional<std::string> model{};
    std::optional<std::string> contains{};
    std::optional<bool> after_tool{};
    AnswerForm form = AnswerForm::echo;
    std::string text{};             ///< form text
    base::Json json{};              ///< form json
    std::vector<ToolCall> tools{};  ///< form tool_calls
    std::optional<std::string> finish_reason{};
    std::optional<std::int64_t> input_tokens{};
    std::optional<std::int64_t> output_tokens{};
};

enum class LatencyKind { constant, uniform, exponential, lognormal };

struct LatencyRule {
    LatencyKind kind = LatencyKind::constant;
    double milliseconds = 0;  ///< constant: all, uniform: least, exponential: mean, else median
    double sigma = 0;         ///< lognormal
    std::optional<double> maximum_ms{};
    std::chrono::microseconds per_output_token{};
};

struct StreamRule {
    std::int64_t chunk_tokens = 4;
    std::chrono::milliseconds interval{};
};

struct InFlightRule {
    std::int64_t maximum = 0;
    int status = 503;
};

struct BackgroundRule {
    double requests_per_s = 0;
    std::string model{};
    std::string key{};
    std::int64_t input_tokens = 0;
    std::int64_t output_tokens = 0;

    friend bool operator==(const BackgroundRule&, const BackgroundRule&) = default;
};

enum class FaultKind {
    // Instead of an answer; limits are not asked.
    status,         ///< `status` with the family's error body; `bare`: no headers about limits.
                    ///< A 429 says to retry after 1 s, unless bare
    never_answers,  ///< the connection stays open and silent until the client closes it
    half_closed,    ///< sends nothing, closes its sending side, and stays
    reset,          ///< the connection is reset
    garbage,        ///< bytes that are no HTTP, then the connection closes
    // To a call that the limits let pass.
    closed_in_body,      ///< half of the body, then the connection closes
    truncated_json,      ///< a whole HTTP answer with the first half of the JSON
    wrong_content_type,  ///< `content_type` (text/html)
    large_answer,        ///< an answer text of `mib` MiB
    slow_drip,           ///< `bytes` bytes every `interval_ms`
    headers,             ///< `headers` {name: value} are added, or replace those of the same name
    // A 429 of its own; limits are not asked.
    retry_after,  ///< a 429 whose Retry-After is `text`: a year, a negative number, rubbish
};

struct Fault {
    std::string name;
    FaultKind kind = FaultKind::status;
    double probability = 1;
    std::optional<std::int64_t> next{};
    std::vector<std::string> models{};
    std::vector<std::string> keys{};
    std::optional<std::string> contains{};
    int status = 500;                                            ///< 400 to 599
    bool bare = false;                                           ///< status
    std::string text{};                                          ///< retry_after
    std::string content_type = "text/html";                      ///< wrong_content_type
    std::int64_t mib = 1;                                        ///< large_answer, at most 1024
    std::int64_t bytes = 1;                                      ///< slow_drip
    std::chrono::milliseconds interval{10};                      ///< slow_drip
    std::vector<std::pair<std::string, std::string>> headers{};  ///< headers

    /// It spoils an answer that is otherwise given; otherwise it stands for the answer.
    [[nodiscard]] bool spoils_an_answer() const;
};

struct TimelineStep {
    std::chrono::milliseconds at{};
    base::Json set{};
};

struct Scenario {
    std::uint64_t seed = 1;
    std::optional<Family> family{};
    std::optional<HeaderFamily> headers{};
    std::vector<RetryAfter> retry_after{RetryAfter::seconds};
    std::optional<std::set<std::string>> accepted_keys{};
    std::optional<std::set<std::string>> models{};
    std::vector<LimitRule> limits{};  ///< `limit_factor` is already in them
    std::vector<AnswerRule> answers{};
    LatencyRule latency{};
    std::chrono::milliseconds refusal_latency{};
    StreamRule stream{};
    std::optional<InFlightRule> in_flight{};
    std::chrono::milliseconds clock_skew{};
    std::optional<BackgroundRule> background{};
    std::vector<Fault> faults{};
    std::vector<TimelineStep> timeline{};  ///< in the order of time
};

/// Throws ConfigError "`where`: ..." which names the key (`where: limits.rpm: ...`).
[[nodiscard]] Scenario read_scenario(const base::Json& json, const std::string& where);

}  // namespace fleet::mock_provider
