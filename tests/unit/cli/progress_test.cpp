#include "cli/work/progress.hpp"

#include <catch2/catch.hpp>

#include "cli/work/summary.hpp"
#include "common/base/json.hpp"

using namespace fleet;
using namespace fleet::cli;
using Catch::Contains;

namespace {

base::BootTime at(double seconds) {
    return base::BootTime(std::chrono::duration_cast<base::BootClock::duration>(
        std::chrono::duration<double>(seconds)));
}

ProgressView half_done() {
    ProgressView view;
    view.batch = "b1";
    view.counts = {
        .pending = 95, .running = 4, .waiting = 0, .done = 99, .failed = 2, .cancelled = 0};
    view.items = 200;
    view.workers = 2;
    view.per_second = 10;
    view.elapsed = base::Millis{61'000};
    return view;
}

const Terminal& plain() {
    static const Terminal kPlain(Terminal::Facts{});
    return kPlain;
}

}  // namespace

TEST_CASE("the rate is that of the last ten seconds") {
    RateMeter meter;
    CHECK(meter.per_second() == 0);
    meter.add(at(0), 0);
    meter.add(at(0.1), 100);
    CHECK(meter.per_second() == 0);  // too short to tell
    meter.add(at(10), 1000);
    CHECK(meter.per_second() == Approx(100));
    meter.add(at(20), 1000);
    meter.add(at(30), 1000);
    CHECK(meter.per_second() == 0);
}

TEST_CASE("the time that is left follows from rate and rest") {
    ProgressView view = half_done();
    CHECK(view.percent() == 50);
    REQUIRE(view.remaining());
    CHECK(*view.remaining() == base::Millis{10'000});
    view.per_second = 0;
    CHECK_FALSE(view.remaining());
    view.per_second = 1e-9;
    CHECK_FALSE(view.remaining());
    view.items = 0;
    CHECK(view.percent() == 0);
}

TEST_CASE("the progress line says all figures") {
    ProgressView view = half_done();
    CHECK(
        progress_line(view) ==
        "batch b1: 101/200 (50 %) done 99, failed 2, running 4, pending 95, workers 2, 10.0/s  ETA "
        "10s, elapsed 1m01s");
    view.loading = true;
    view.loaded = 150;
    view.note = "interrupted";
    CHECK_THAT(progress_line(view), Contains(", loading 150 of 200; interrupted"));
}

TEST_CASE("the progress block shows a bar, the counts and what is going on") {
    ProgressView view = half_done();
    const auto lines = progress_block(view, plain());
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == "b1  [############............] 50 %  101/200  10.0/s  ETA 10s");
    CHECK_THAT(lines[1], Contains("done 99  failed 2  running 4  pending 95") &&
                             Contains("workers 2  elapsed 1m01s"));
    view.note = "the workers retire";
    view.loading = true;
    CHECK(progress_block(view, plain()).size() == 4);
}

TEST_CASE("progress shows the 429 density of a run that calls providers, and of no other") {
    ProgressView view = half_done();
    CHECK(progress_line(view).find("429s") == std::string::npos);
    view.refused_share = 0.0125;
    CHECK_THAT(progress_line(view), Contains("workers 2, 429s 1.2 %, 10.0/s"));
    CHECK_THAT(progress_block(view, plain())[1], Contains("workers 2  429s 1.2 %  elapsed"));
    view.refused_share = 0;
    CHECK_THAT(progress_line(view), Contains("429s 0.0 %"));
}

TEST_CASE("plain lines come every ten seconds and at steps of ten percent") {
    LinePace pace;
    CHECK_FALSE(pace.is_due(at(0), 0));
    CHECK_FALSE(pace.is_due(at(5), 5));
    CHECK(pace.is_due(at(6), 10));
    CHECK_FALSE(pace.is_due(at(6.5), 40));  // not closer than a second
    CHECK(pace.is_due(at(7), 40));
    CHECK_FALSE(pace.is_due(at(16), 45));
    CHECK(pace.is_due(at(17), 45));
}

namespace {

Summary failed_summary() {
    Summary summary;
    summary.batch.name = "b1";
    summary.batch.pool = "default";
    summary.batch.state = model::BatchState::sealed;
    summary.batch.counts.done = 1'000;
    summary.batch.counts.failed = 2;
    summary.finished_here = 1'002;
    summary.elapsed = base::Millis{10'020};
    summary.empty_lines = 3;
    summary.errors = {{.kind = model::ErrorKind::exit_code,
                       .prefix = "exit code #\x1b[31m",
                       .count = 2,
                       .example = *base::Uuid::parse("0192f3a4-0000-7000-8000-000000000001")}};
    summary.exit_code = 3;
    return summary;
}

}  // namespace

TEST_CASE("the summary names counts, groups of failures with an example, and the results") {
    const auto lines = summary_lines(failed_summary(), plain());
    REQUIRE(lines.size() == 5);
    CHECK_THAT(lines[0], Contains("batch b1: 1,000 done, 2 failed in 10s (100/s)") &&
                             Contains("3 empty lines skipped"));
    CHECK_THAT(lines[2], Contains("2 x exit_code: exit code #") && !Contains("\x1b"));
    CHECK_THAT(lines[3], Contains("fleet why 0192f3a4-0000-7000-8000-000000000001"));
    CHECK(lines[4] == "results: fleet results --batch b1");
}

TEST_CASE("an interrupted summary says how to go on") {
    Summary summary = failed_summary();
    summary.errors.clear();
    summary.batch.counts.pending = 7;
    summary.how_to_go_on = "go on with `fleet resume b1`";
    const auto lines = summary_lines(summary, plain());
    CHECK_THAT(lines.front(), Contains("7 not finished"));
    CHECK(lines.back() == "go on with `fleet resume b1`");
}

TEST_CASE("what was not begun on purpose is not told as unfinished") {
    Summary summary = failed_summary();
    summary.batch.counts.pending = 7;
    summary.only_new_is_open = true;
    summary.how_to_go_on = "7 not begun; go on with `fleet resume b1`";
    const auto lines = summary_lines(summary, plain());
    CHECK_THAT(lines.front(), !Contains("not finished"));
    CHECK(lines.back() == "7 not begun; go on with `fleet resume b1`");
    CHECK(base::parse_json(summary_json(summary), "summary").at("only_new_is_open") == true);
}

TEST_CASE("what the workers of a pool share is told under the pool's name") {
    Summary summary = failed_summary();
    summary.batch.name.clear();
    summary.errors.clear();
    const auto lines = summary_lines(summary, plain());
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], Contains("pool default, shared work: 1,000 done, 2 failed in 10s"));
    ProgressView view = half_done();
    view.is_pool = true;
    view.batch = "default";
    CHECK_THAT(progress_line(view), Catch::StartsWith("pool default: 101/200"));
}

TEST_CASE("the summary as JSON has the same figures") {
    const base::Json json = base::parse_json(summary_json(failed_summary()), "summary");
    CHECK(json.at("done") == 1'000);
    CHECK(json.at("failed") == 2);
    CHECK(json.at("elapsed_ms") == 10'020);
    CHECK(json.at("exit_code") == 3);
    CHECK(json.at("errors").at(0).at("count") == 2);
    CHECK(json.at("errors").at(0).at("example") == "0192f3a4-0000-7000-8000-000000000001");
}
