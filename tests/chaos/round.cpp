#include "tests/chaos/round.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <random>

#include "common/base/errors.hpp"
#include "common/store/open.hpp"
#include "tests/support/folders.hpp"
#include "tests/support/wait_until.hpp"

namespace fleet::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using test_support::ChildProgram;
using test_support::ProgramEnd;

/// So long may nothing become done; then the fleet is stuck.
constexpr seconds kStuck{90};
constexpr milliseconds kLook{100};
/// A scaler that was refused, since another serves the box, is tried again after this.
constexpr milliseconds kScalerPause{150};
/// How long processes may take to leave when all is done: longer than any grace in use, and than
/// the two TTLs of a scaler that was killed.
constexpr seconds kLeave{45};
constexpr const char* kWorkers = "3";
constexpr const char* kSlots = "3";
/// A killed command is a failed attempt.
constexpr const char* kAttempts = "30";

/// What a fleet command may say when it gives up: all of it follows from a kill, and says how to go
/// on.
bool is_expected(const std::string& words) {
    static const std::array<const char*, 4> known = {
        "before batch",                             // its scaler is dead
        "there is a batch",                         // killed after it had made it
        "it has one already",                       // two scalers were started
        "has workers of its own, but the scaler ",  // likewise
    };
    return std::any_of(known.begin(), known.end(), [&words](const char* part) {
        return words.find(part) != std::string::npos;
    });
}

}  // namespace

Round::Round(const RoundOptions& options, Tally& tally)
    : options_(options),
      tally_(tally),
      processes_(box_.path("").string()),
      killer_(processes_, tally, options.seed),
      strike_at_(steady_clock::now()),
      looked_at_(steady_clock::now()),
      last_progress_(looked_at_) {
    write_items(options.commands, options.noops);
    const std::string item = (test_support::bin_dir() / "chaos_item").string();
    std::vector<std::string> commands{"--max-attempts", kAttempts};
    std::vector<std::string> noops;
    if (options.flavour == Flavour::run) {
        for (auto* work : {&commands, &noops}) {
            work->insert(work->end(), {"--workers", kWorkers, "--slots", kSlots, "--quiet"});
        }
    }
    commands.insert(commands.end(), {"--grace", "5", "--", item, box_.path("journal").string(),
                                     box_.path("locks").string(), "{ms}", "{kind}"});
    noops.emplace_back("builtin:noop");
    jobs_.push_back({{"commands", options.commands, true}, commands, nullptr, "", false});
    jobs_.push_back({{"noops", options.noops, false}, noops, nullptr, "", options.noops == 0});
}

Round::~Round() = default;

void Round::write_items(int commands, int noops) {
    std::mt19937_64 random(options_.seed);
    std::uniform_int_distribution<int> milliseconds_of(2, 100);
    std::uniform_int_distribution<int> kind_of(0, 9);
    std::string lines;
    for (int i = 0; i < commands; ++i) {
        const int kind = kind_of(random);
        lines += R"({"ms": ")" + std::to_string(milliseconds_of(random)) + R"(", "kind": ")" +
                 (kind < 6   ? "plain"
                  : kind < 9 ? "child"
                             : "daemon") +
                 "\"}\n";
    }
    box_.write("commands.jsonl", lines);
    lines.clear();
    for (int i = 1; i <= noops; ++i) {
        lines += std::to_string(i) + "\n";
    }
    box_.write("noops.jsonl", lines);
    std::filesystem::create_directory(box_.path("locks"));
}

test_support::Program Round::program(std::vector<std::string> arguments) const {
    test_support::Program program = box_.program(std::move(arguments));
    program.environment.push_back(processes_.variable());
    return program;
}

void Round::broken(const std::string& what) {
    tally_.break_rule("round with seed " + std::to_string(options_.seed) + ": " + what);
}

contracts::Store* Round::store() {
    if (!store_ && std::filesystem::exists(box_.store())) {
        try {
            store_ = store::open_store(base::StoreUrl::parse(box_.store().string(), box_.path("")),
                                       clock_, store::Missing::refuse);
        } catch (const base::Error&) {
            return nullptr;  // Its maker was killed, or is at it: whoever comes next makes it.
        }
    }
    return store_.get();
}

bool Round::step() {
    const auto now = steady_clock::now();
    if (options_.flavour == Flavour::service) {
        keep_scaler();
    }
    for (Job& job : jobs_) {
        step_job(job);
        if (!job.over && options_.flavour == Flavour::run) {
            break;  // One after the other.
        }
    }
    const bool over =
        std::all_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.over; });
    if (over || stuck_) {
        return false;
    }
    if (now >= look_at_) {
        look_at_ = now + kLook;
        watch_progress();
    }
    if (now >= strike_at_) {
        killer_.strike();
        strike_at_ = steady_clock::now() + killer_.pause();
    }
    return true;
}

void Round::watch_progress() {
    const auto now = steady_clock::now();
    std::int64_t done = 0;
    for (const Job& job : jobs_) {
        const auto batch =
            store() != nullptr ? store_->work().batch(job.submitted.batch) : std::nullopt;
        done += batch ? batch->counts.done : 0;
    }
    // While another box was judged nobody looked at this one: that is no pause of its fleet.
    last_progress_ += std::max(now - looked_at_ - 5 * kLook, steady_clock::duration{0});
    looked_at_ = now;
    const auto pause = std::chrono::duration_cast<milliseconds>(now - last_progress_);
    if (done != done_) {
        done_ = done;
        last_progress_ = now;
    } else if (pause > kStuck) {
        stuck_ = true;
        broken("nothing was done for " + std::to_string(pause.count()) + " ms");
    }
    longest_pause_ = std::max(longest_pause_, pause);
    tally_.longest_pause = std::max(tally_.longest_pause, pause);
}

std::string Round::next_command(const Job& job) {
    const auto batch =
        store() != nullptr ? store_->work().batch(job.submitted.batch) : std::nullopt;
    if (!batch) {
        return options_.flavour == Flavour::run ? "run" : "submit";
    }
    if (options_.flavour == Flavour::run || batch->state == model::BatchState::loading) {
        return "resume";
    }
    return "wait";
}

void Round::start_driver(Job& job) {
    const std::string& batch = job.submitted.batch;
    job.command = next_command(job);
    std::vector<std::string> arguments{job.command};
    if (job.command == "resume") {
        arguments.insert(arguments.end(), {batch, "--quiet"});
    } else if (job.command == "wait") {
        arguments.insert(arguments.end(), {"--batch", batch});
    } else {
        arguments.insert(arguments.end(), {"--items", batch + ".jsonl", "--batch", batch});
        arguments.insert(arguments.end(), job.work.begin(), job.work.end());
    }
    job.driver = std::make_unique<ChildProgram>(program(std::move(arguments)));
}

void Round::step_job(Job& job) {
    if (job.over) {
        return;
    }
    if (!job.driver) {
        start_driver(job);
        return;
    }
    if (const auto end = job.driver->wait(milliseconds(0))) {
        driver_ended(job, *end);
        job.driver.reset();
    }
}

void Round::driver_ended(Job& job, const ProgramEnd& end) {
    if (end.signal == SIGKILL) {
        return;
    }
    if (end.exit_code == 0) {
        job.over = job.command != "submit";
        return;
    }
    const std::string words = job.driver->err();
    if (end.exit_code == 1 && is_expected(words)) {
        return;
    }
    broken("fleet " + job.command + " for batch " + job.submitted.batch + " ended with " +
           (end.exit_code ? "exit code " + std::to_string(*end.exit_code)
                          : "signal " + std::to_string(end.signal.value_or(0))) +
           ": " + words);
    job.over = true;
}

void Round::keep_scaler() {
    if (scaler_) {
        const auto end = scaler_->wait(milliseconds(0));
        if (!end) {
            return;
        }
        if (end->signal != SIGKILL && !is_expected(scaler_->err())) {
            broken("the scaler ended by itself: " + scaler_->err());
        }
        scaler_.reset();
        scaler_at_ =
            steady_clock::now() + (end->signal == SIGKILL ? milliseconds(0) : kScalerPause);
    }
    // Without a store it would make one; that is what the first command is for.
    if (steady_clock::now() < scaler_at_ || store() == nullptr) {
        return;
    }
    test_support::Program scaler = program(
        {"--store", box_.store().string(), "--max", kWorkers, "--slots", kSlots, "--grace", "5"});
    scaler.argv.front() = (test_support::bin_dir() / "scaler").string();
    scaler_ = std::make_unique<ChildProgram>(scaler);
}

std::vector<pid_t> Round::children() const {
    std::vector<pid_t> pids;
    for (const Job& job : jobs_) {
        if (job.driver) {
            pids.push_back(job.driver->pid());
        }
    }
    if (scaler_) {
        pids.push_back(scaler_->pid());
    }
    return pids;
}

void Round::end_scaler() {
    if (options_.flavour != Flavour::service || stuck_ || store() == nullptr) {
        return;
    }
    // The last kill may have been its own; and before it is up it would die of the signal at once.
    const bool up = test_support::wait_until(
        [this] {
            keep_scaler();
            return scaler_ && scaler_->err().find("scaler is running") != std::string::npos;
        },
        kLeave);
    if (!up) {
        broken("no scaler comes up any more");
        return;
    }
    scaler_->kill(SIGTERM);
    const auto end = scaler_->wait(kLeave);
    if (!end) {
        broken("the scaler does not end when it is told to: " + scaler_->err());
    } else if (end->exit_code != 0 && end->signal != SIGKILL && end->signal != SIGTERM &&
               !is_expected(scaler_->err())) {
        broken("the scaler did not end well: " + scaler_->err());
    }
    scaler_.reset();
}

void Round::judge_orphans() {
    if (test_support::wait_until([this] { return processes_.list().empty(); }, kLeave)) {
        return;
    }
    for (const BoxProcess& orphan : processes_.list()) {
        ++tally_.orphans;
        broken("left behind: " + describe(orphan));
        kill_process(orphan);
    }
}

void Round::judge() {
    end_scaler();
    for (Job& job : jobs_) {
        job.driver.reset();  // One that is stuck is killed.
    }
    judge_orphans();
    if (store() == nullptr) {
        broken("the store cannot be opened");
        return;
    }
    const Journal journal(box_.path("journal"));
    const std::int64_t before = tally_.broken_count;
    journal.judge(tally_);
    for (const Job& job : jobs_) {
        if (job.submitted.items == 0) {
            continue;
        }
        judge_batch(*store_, job.submitted, journal, tally_);
        judge_results(box_.fleet({"results", "--batch", job.submitted.batch}).out, job.submitted,
                      tally_);
        tally_.items += job.submitted.items;
        tally_.commands += job.submitted.commands ? job.submitted.items : 0;
    }
    judge_store(*store_, tally_);
    tally_.refused_commits += refused_commits(*store_);
    ++tally_.rounds;
    if (tally_.broken_count > before) {
        broken("see the rules above");
    }
}

std::filesystem::path Round::keep() {
    store_.reset();
    const auto kept =
        std::filesystem::temp_directory_path() / ("fleet-chaos-" + std::to_string(options_.seed));
    std::filesystem::remove_all(kept);
    std::filesystem::copy(box_.path(""), kept, std::filesystem::copy_options::recursive);
    return kept;
}

}  // namespace fleet::chaos
