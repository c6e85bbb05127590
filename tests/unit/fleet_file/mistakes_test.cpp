// What is wrong with a fleet's file, and how it is said.
#include <catch2/catch.hpp>

#include "machines/fleet_file/fleet_file.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

using namespace fleet;
using Catch::Contains;
using test_support::TemporaryFolder;
using test_support::write_file;
using Lines = std::vector<std::string>;

struct Mistake {
    const char* text;
    const char* line;  ///< the whole diagnostic behind "fleet.yml:"
};

Lines lines_of(const TemporaryFolder& folder, const std::string& text) {
    write_file(folder / "fleet.yml", text);
    const auto read = fleet_file::read_fleet_file(folder / "fleet.yml", "fleet.yml");
    Lines lines;
    for (const auto& one : read.diagnostics) {
        lines.push_back(one.line());
    }
    CHECK(read.exists);
    CHECK(read.file.has_value() == !config::has_errors(read.diagnostics));
    return lines;
}

void check(const std::vector<Mistake>& mistakes) {
    const TemporaryFolder folder;
    for (const Mistake& mistake : mistakes) {
        CAPTURE(mistake.text);
        CHECK(lines_of(folder, mistake.text) == Lines{"fleet.yml:" + std::string(mistake.line)});
    }
}

}  // namespace

TEST_CASE("mistakes in the file as a whole") {
    check({
        {"- a\n",
         "1:1: error: the file holds no mapping; begin it with `pools:`, `stages:`, `providers:` "
         "or `hooks:`"},
        {"pool: {}\n", "1:1: error: there is no key `pool` here; did you mean `pools`?"},
        {"launchers: {}\n",
         "1:1: error: `launchers` is not supported yet; leave it out: a scaler starts the workers "
         "of its own box"},
        {"budgets: {}\n",
         "1:1: error: budgets stand with their providers; write `providers: PROVIDER/MODEL: "
         "budget: {requests: N, tokens: N, cost: N}`"},
        {"pools: [a]\n", "1:8: error: `pools` is a list; write `NAME: {min: N, max: N}` below it"},
        {"stages: 1\n",
         "1:9: error: `stages` is an integer; write `NAME: {rank: N, low: N}` below it"},
        {"providers: x\n",
         "1:12: error: `providers` is a text; write `PROVIDER/MODEL: {requests_per_minute: N}` "
         "below it"},
        {"hooks: {logging: {command: [x]}}\n",
         "1:9: error: `logging` is the name of built-in hooks; choose another name"},
    });
    const TemporaryFolder folder;
    CHECK_THAT(lines_of(folder, "pools: [\n").at(0), Contains("fleet.yml:") && Contains("error"));
}

TEST_CASE("mistakes in pools") {
    check({
        {"pools: {a b: {}}\n",
         "1:9: error: `a b` is no name of a pool; use 1 to 60 letters, digits, '.', '_' or '-'"},
        {"pools: {a: 3}\n",
         "1:12: error: `a` is an integer; write `min: N, max: N, slots: N` below it"},
        {"pools: {a: {max_workers: 3}}\n",
         "1:13: error: there is no key `max_workers` here; use one of `min`, `max`, `slots`, "
         "`drain_target`, `max_wait`, `stabilization`, `service_prior` or `stages`"},
        {"pools: {a: {min: -1}}\n",
         "1:18: error: `min` cannot be -1; write a number from 0 to 100000"},
        {"pools: {a: {max: many}}\n",
         "1:18: error: `max` cannot be `many`; write a number, or auto"},
        {"pools: {a: {max: 1.5}}\n",
         "1:18: error: `max` is 1.5, which is no whole number; write a whole number"},
        {"pools: {a: {slots: 0}}\n",
         "1:20: error: `slots` cannot be 0; write a number from 1 to 1000"},
        {"pools: {a: {min: 4, max: 2}}\n",
         "1:13: error: `min` (4) is above `max` (2); choose a smaller `min`, or a larger `max`"},
        {"pools: {a: {drain_target: soon}}\n",
         "1:27: error: `drain_target` is no duration of at most 366 days; write 500ms, 30s, 5m, "
         "2h, 7d, or a number of seconds"},
        {"pools: {a: {max_wait: -5s}}\n",
         "1:23: error: `max_wait` cannot be -5s; write a duration from 1ms to 366d00h"},
        {"pools: {a: {max_wait: [1]}}\n",
         "1:23: error: `max_wait` is no duration of at most 366 days; write 500ms, 30s, 5m, 2h, "
         "7d, or a number of seconds"},
    });
}

TEST_CASE("mistakes in stages") {
    check({
        {"stages: {a: 3}\n",
         "1:13: error: `a` is an integer; write `rank: N, low: N, high: N, provider: NAME` "
         "below it"},
        {"stages: {a b: {}}\n",
         "1:10: error: `a b` is no name of a stage; use at most 200 characters without spaces"},
        {"stages: {a: {rank: 2000}}\n",
         "1:20: error: `rank` cannot be 2000; write a number from 0 to 1000"},
        {"stages: {a: {lo: 2}}\n", "1:14: error: there is no key `lo` here; did you mean `low`?"},
        {"stages: {a: {low: 5, high: 5}}\n",
         "1:14: error: `low` (5) is not below `high` (5); choose a smaller `low`, or a larger "
         "`high`"},
        {"stages: {a: {low: 5m}}\n",
         "1:19: error: `low` is no count; write a whole number such as 5000, 200k, 5M or 1.5G"},
        {"stages: {a: {provider: openai}}\n",
         "1:14: error: `provider` names no model of a provider; write PROVIDER/MODEL, as under "
         "`providers:`"},
        {"stages: {a: {provider: openai/gtp-5}}\nproviders: {openai/gpt-5: {}}\n",
         "1:14: warning: `openai/gtp-5` is not declared under `providers:`; did you mean "
         "`openai/gpt-5`?"},
        {"stages: {a: {provider: openai/gpt-5}}\n",
         "1:14: warning: `openai/gpt-5` is not declared under `providers:`; its limits will be "
         "learned from its answers"},
        {"stages: {a: {pool: gpus}}\npools: {gpu: {}}\n",
         "1:14: error: `pool` is `gpus`, which `pools:` does not declare; did you mean `gpu`?"},
        {"stages: {a: {}}\npools: {default: {stages: {a: {}}}}\n",
         "1:10: error: the stage `a` of pool `default` is described twice; keep it in one place: "
         "under `pools: default: stages:`, or under `stages:`"},
    });
}

TEST_CASE("mistakes in the rules of a model") {
    check({
        {"providers: {/x: {}}\n",
         "1:13: error: `/x` is no name of a provider; write PROVIDER, or PROVIDER/MODEL for the "
         "limits of a model"},
        {"providers: {a/b: 3}\n",
         "1:18: error: `a/b` is an integer; write `requests_per_minute: N` below it"},
        {"providers: {a/b: {request_per_minute: 3}}\n",
         "1:19: error: there is no key `request_per_minute` here; did you mean "
         "`requests_per_minute`?"},
        {"providers: {a: {burst: 0.5}}\n",
         "1:24: error: `burst` cannot be 0.5; write a number from 1 to 1000000000"},
        {"providers: {a/b: {burst_before_reset: 30m}}\n",
         "1:19: error: `burst_before_reset` stands without a budget; write `budget: {requests: N}` "
         "beside it, or leave it out"},
        {"providers: {a/b: {budget: {cost: 1}, burst_before_reset: 25h}}\n",
         "1:58: error: `burst_before_reset` cannot be 1d01h; write a duration from 0ms to 1d00h"},
        {"providers: {a/b: {requests_per_second: -1}}\n",
         "1:40: error: `requests_per_second` cannot be -1; write a number from 0.001 to "
         "1000000000"},
        {"providers: {a/b: {requests_per_second: fast}}\n",
         "1:40: error: `requests_per_second` is no count of 1 or more; write a whole number such "
         "as 5000, 200k, 5M or 1.5G"},
        {"providers: {a/b: {requests_per_second: 1, requests_per_hour: 9}}\n",
         "1:43: error: `requests_per_hour` and `requests_per_second` say the same thing; leave one "
         "of them out"},
        {"providers: {a/b: {tokens_per_day: 9}}\n",
         "1:19: error: a limit of a day is a budget; write `budget: {tokens: N}`"},
        {"providers: {a/b: {burst: 0.5}}\n",
         "1:26: error: `burst` cannot be 0.5; write a number from 1 to 1000000000"},
        {"providers: {a/b: {unlimited: true, burst: 5}}\n",
         "1:19: error: `unlimited` stands beside a rate; leave one of them out: circuit and budget "
         "hold in any case"},
        {"providers: {a/b: {unlimited: 3}}\n",
         "1:30: error: `unlimited` is an integer and should be a boolean; write true or "
         "false"},
        {"providers: {a/b: {circuit: {open_at: 30}}}\n",
         "1:38: error: `open_at` cannot be 30; write a number from 0.001 to 1"},
        {"providers: {a/b: {circuit: {probe: 3}}}\n",
         "1:29: error: there is no key `probe` here; did you mean `probes`?"},
        {"providers: {a/b: {circuit: {cooldown: 1m, longest_cooldown: 30s}}}\n",
         "1:43: error: `longest_cooldown` is shorter than `cooldown`; choose a longer one, or "
         "leave it out"},
        {"providers: {a/b: {circuit: 3}}\n",
         "1:28: error: `circuit` is an integer and should be a mapping; write `name: value` "
         "lines below it"},
        {"providers: {a/b: {budget: {}}}\n",
         "1:19: error: `budget` limits nothing; write at least one of `requests`, `tokens` and "
         "`cost`"},
        {"providers: {a/b: {budget: {requests: -1}}}\n",
         "1:38: error: `requests` is no count; write a whole number such as 5000, 200k, 5M or "
         "1.5G"},
        {"providers: {a/b: {budget: {requests: 1.0005k}}}\n",
         "1:38: error: `requests` is no count; write a whole number such as 5000, 200k, 5M or "
         "1.5G"},
        {"providers: {a/b: {budget: {cost: much}}}\n",
         "1:34: error: `cost` is a text and should be a number; write a number without quotes"},
        {"providers: {a/b: {budget: {cost: 1, day_begins: 25h}}}\n",
         "1:49: error: `day_begins` cannot be 1d01h; write a duration from -1d00h to 1d00h"},
    });
}

TEST_CASE("mistakes in what is known of a provider") {
    check({
        {"providers: {a: {base_url: 'ftp://x'}}\n",
         "1:17: error: `base_url` is no http or https URL; write http://HOST:PORT/v1 or "
         "https://HOST/v1"},
        {"providers: {a: {base_url: 'http://x/v1?version=2'}}\n",
         "1:17: error: `base_url` goes on after its path; end it before the `?` or `#`: paths are "
         "added to it"},
        {"providers: {a: {family: openia}}\n",
         "1:25: error: `family` cannot be `openia`; did you mean `openai`?"},
        {"providers: {a: {headers: {'X Y': z}}}\n",
         "1:27: error: `X Y` is no name and text of a header; leave out line breaks and special "
         "characters"},
        {"providers: {a: {timeout: 0}}\n",
         "1:26: error: `timeout` cannot be 0ms; write a duration from 1ms to 1d00h"},
        {"providers: {a: {max_answer_bytes: 2G}}\n",
         "1:17: error: `max_answer_bytes` is above 1 GiB; choose a smaller one"},
        {"providers: {a: {api_key_env: A, api_key_file: b}}\n",
         "1:33: error: `api_key_env` and `api_key_file` are both given; leave one of them out"},
        {"providers: {a: {prices: {m: 3}}}\n",
         "1:29: error: the price of `m` is an integer; write `MODEL: {input: 1.25, output: "
         "10}`"},
        {"providers: {a/m: {prices: {input: 3}}}\n",
         "1:27: error: a price has `input` and `output`; write both, for a million tokens; 0 where "
         "it costs nothing"},
        {"providers:\n  a: {base_url: 'http://x'}\n  a/b: {base_url: 'http://y'}\n",
         "3:9: error: `base_url` of provider `a` is another one in line 2; say it once, under "
         "`a:`"},
    });
}

TEST_CASE("mistakes in error classes") {
    check({
        {"error_classes: {a: b}\n",
         "1:16: error: `error_classes` is a mapping; write `- {text: TEXT, status: N, means: "
         "per_day}` lines below it"},
        {"error_classes: [x]\n",
         "1:17: error: the class is a text; write `- {text: TEXT, status: N, means: per_day}` "
         "lines below it"},
        {"error_classes: [{text: x}]\n",
         "1:17: error: the class does not say what it `means`; add `means:` with `none`, "
         "`per_second`, `per_minute`, `per_hour`, `per_day`, `overloaded`, `billing`, `auth`, "
         "`too_long` or `bad_request`"},
        {"error_classes: [{text: x, means: perday}]\n",
         "1:34: error: `means` cannot be `perday`; did you mean `per_day`?"},
        {"error_classes: [{means: auth}]\n",
         "1:17: error: the class applies to every error of every provider; add `text`, `status` or "
         "`provider`"},
        {"error_classes: [{provider: a/b, means: auth}]\n",
         "1:18: error: `provider` names a model; write the provider alone: a class holds for all "
         "its models"},
        {"error_classes: [{status: 42, means: auth}]\n",
         "1:26: error: `status` cannot be 42; write a number from 100 to 599"},
    });
}

TEST_CASE("a key in the file is refused, and no message repeats it") {
    const TemporaryFolder folder;
    for (const char* member :
         {"api_key: sk-secret", "key: sk-secret", "token: sk-secret", "password: sk-secret",
          "headers: {Authorization: Bearer sk-secret}", "headers: {x-api-key: sk-secret}",
          "api_key_env: sk-secret", "base_url: 'https://user:sk-secret@host/v1'",
          "base_url: 'https://host/v1?key=sk-secret'", "api_key: [sk-secret]",
          "api_key_env: {a: sk-secret}", "headers: sk-secret", "headers: {X-A: [sk-secret]}"}) {
        CAPTURE(member);
        const Lines lines = lines_of(folder, "providers:\n  a:\n    " + std::string(member) + "\n");
        REQUIRE(!lines.empty());
        for (const std::string& line : lines) {
            CHECK_THAT(line, Contains("fleet.yml:3:") && Contains(": error: "));
            CHECK_THAT(line, !Contains("sk-secret"));
        }
    }
    CHECK(lines_of(folder, "providers: {a/b: {api_key: x}}\n") ==
          Lines{"fleet.yml:1:19: error: a key does not belong into this file; write `api_key_env: "
                "VARIABLE` or `api_key_file: FILE`, and take the key out of this file"});
    CHECK(lines_of(folder, "providers: {a: {key_env: X}}\n") ==
          Lines{"fleet.yml:1:17: error: there is no key `key_env` here; did you mean "
                "`api_key_env`?"});
}

TEST_CASE("all mistakes of a file are told at once, in its order") {
    const TemporaryFolder folder;
    const Lines lines = lines_of(folder,
                                 "providers:\n"
                                 "  a/b: {burst: 0, budget: {token: 3}}\n"
                                 "pools:\n"
                                 "  x: {maxx: 3}\n"
                                 "hooks: {h: 3}\n"
                                 "launchers: 1\n");
    std::string places;
    for (const std::string& line : lines) {
        places += line.substr(0, line.find(": error")) + ' ';
    }
    CHECK(places ==
          "fleet.yml:2:16 fleet.yml:2:19 fleet.yml:2:28 fleet.yml:4:7 fleet.yml:5:12 "
          "fleet.yml:6:1 ");
}
