#include "worker/options.hpp"

#include <array>
#include <cmath>
#include <filesystem>
#include <ostream>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "common/base/errors.hpp"
#include "common/base/ids.hpp"
#include "common/base/nearest.hpp"
#include "machines/definitions/built_in.hpp"

namespace fleet::worker {
namespace {

constexpr const char* kDescription =
    "Works for a pool: registers, claims executions, runs them on its slots, records what came of\n"
    "them, and retires when it is asked to. Scalers start workers by themselves; by hand it is "
    "for\n"
    "boxes without one.";

constexpr const char* kExamples =
    "Examples:\n"
    "  worker --store .fleet/fleet.db                     work for the pool `default` until "
    "stopped\n"
    "  worker --store .fleet/fleet.db --pool gpu --slots 1  one item at a time\n"
    "  worker --store .fleet/fleet.db --once              until nothing is ready, then exit\n"
    "\n"
    "Signals: SIGTERM, SIGINT and SIGHUP retire it: nothing new starts, what runs may finish "
    "within\n"
    "the grace, the rest goes back to the pool. A second one ends the grace at once.\n"
    "Environment: FLEET_STORE is the store where --store is not given; FLEET_LAUNCH_TOKEN belongs "
    "to\n"
    "--seat. Exit codes: 0 retired or done, 1 error, 2 bad usage; a worker that a scaler\n"
    "started exits 5 when the store is damaged.";

constexpr std::size_t kIdSuffix = 8;

/// What was typed, before it became typed values.
struct Typed {
    std::string store;
    std::string log_level = "info";
    double lease_ttl = 15;
    double grace = 30;
    int prefetch = -1;
    bool print_machine = false;
};

std::string own_host_name(const Environment& environment) {
    // A scaler with a --host-id of its own names its workers' host.
    if (auto name = environment(kHostVariable); !name.empty()) {
        return name;
    }
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') {
        return "localhost";
    }
    return name.data();
}

void add_options(CLI::App& app, WorkerOptions& options, Typed& typed) {
    app.add_option(
           "--store", typed.store,
           "store URL or SQLite file (default: FLEET_STORE, else the .fleet/ found upwards)")
        ->type_name("URL");
    app.add_option("--pool", options.pool, "pool to work for (default: default)")->type_name("P");
    app.add_option("--batch", options.batch, "work for this batch alone")->type_name("B");
    app.add_option("--slots", options.slots, "executions that run at once (default: 4)")
        ->check(CLI::Range(1, kMostSlots))
        ->type_name("N");
    app.add_option("--prefetch", typed.prefetch,
                   "most items claimed beyond the slots (default: about 50 ms of work)")
        ->check(CLI::Range(0, 10'000))
        ->type_name("N");
    app.add_flag("--once", options.once, "work until nothing is claimable, then exit");
    app.add_flag("--resume-only", options.resume_only,
                 "go on with what was begun before, begin nothing new");
    app.add_option("--worker-id", options.worker_id,
                   "registration id, never used twice (default: HOST-random)")
        ->type_name("ID");
    app.add_option("--lease-ttl", typed.lease_ttl,
                   "seconds that a lease holds without renewal, at least 1 (default: 15)")
        ->check(CLI::Range(1.0, 86'400.0))
        ->type_name("S");
    app.add_option("--grace", typed.grace,
                   "seconds that running work may take when the worker retires (default: 30)")
        ->check(CLI::Range(0.0, 1e6))
        ->type_name("S");
    app.add_option("--seat", options.seat, "seat taken by the scaler that starts this worker")
        ->check(CLI::NonNegativeNumber)
        ->type_name("N");
    app.add_option("--log-level", typed.log_level,
                   "debug, info, warn, error or off (default: info)")
        ->type_name("L");
    app.add_option("--machine", options.machine_file,
                   "run this edited copy of the worker's own machine")
        ->type_name("FILE");
    app.add_flag("--print-machine", typed.print_machine,
                 "print the built-in machine, to be edited, and exit");
    app.set_help_flag("-h,--help", "print this page");
    app.set_version_flag("-V,--version", "worker " FLEET_VERSION, "print the version");
}

base::Millis to_millis(double seconds) {
    return base::Millis(std::llround(seconds * 1000));
}

void complete(WorkerOptions& options, const Typed& typed, const Environment& environment) {
    const auto here = std::filesystem::current_path();
    options.store = typed.store.empty() ? base::default_store_url(here, environment("FLEET_STORE"))
                                        : base::StoreUrl::parse(typed.store, here);
    if (options.store.scheme == "memory") {
        throw base::ConfigError(
            "opening memory: in a worker: it would see no work of any other "
            "process",
            "name a file, such as sqlite:.fleet/fleet.db");
    }
    options.lease_ttl = to_millis(typed.lease_ttl);
    options.grace = to_millis(typed.grace);
    options.log_level = base::parse_log_level(typed.log_level);
    if (typed.prefetch >= 0) {
        options.prefetch = typed.prefetch;
    }
    options.host = own_host_name(environment);
    if (options.worker_id.empty()) {
        options.worker_id = options.host + "-" + base::random_word(kIdSuffix);
    }
    options.launch_token = environment(kLaunchTokenVariable);
    if (options.seat != 0 && options.launch_token.empty()) {
        throw base::ConfigError(
            "--seat " + std::to_string(options.seat) + " without its launch token in " +
                kLaunchTokenVariable,
            "leave --seat out: a worker that is started by hand takes a seat of its own");
    }
}

std::string explain(const CLI::App& app, const CLI::ParseError& refusal) {
    const std::vector<std::string> left = app.remaining();
    if (left.empty()) {
        return refusal.what();
    }
    const std::string typed = left.front().substr(0, left.front().find('='));
    if (typed.empty() || typed.front() != '-') {
        return "there is no place for \"" + left.front() + "\"";
    }
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            known.push_back("--" + name);
        }
    }
    const auto nearest = base::nearest_name(typed, known);
    return "unknown option " + typed + (nearest ? "; did you mean " + *nearest + "?" : "");
}

}  // namespace

ParsedOptions parse_options(const std::vector<std::string>& arguments,
                            const Environment& environment, std::ostream& out, std::ostream& err) {
    CLI::App app(kDescription, "worker");
    app.footer(kExamples);
    app.get_formatter()->column_width(28);
    WorkerOptions options;
    Typed typed;
    add_options(app, options, typed);
    try {
        // CLI11 takes them from the back.
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        if (typed.print_machine) {
            out << definitions::find_built_in("worker")->text;
            return 0;
        }
        complete(options, typed, environment);
        return options;
    } catch (const CLI::CallForHelp&) {
        out << app.help();
        return 0;
    } catch (const CLI::CallForVersion&) {
        out << "worker " << FLEET_VERSION << '\n';
        return 0;
    } catch (const CLI::ParseError& refusal) {
        err << "worker: " << explain(app, refusal) << "; see worker --help" << std::endl;
    } catch (const base::ConfigError& error) {
        err << "worker: " << error.full_text() << std::endl;
    }
    return 2;
}

}  // namespace fleet::worker
