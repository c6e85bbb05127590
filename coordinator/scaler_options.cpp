#include "coordinator/scaler_options.hpp"

#include <algorithm>
#include <filesystem>
#include <ostream>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "common/base/errors.hpp"
#include "common/base/nearest.hpp"
#include "machines/definitions/built_in.hpp"

namespace fleet::coordinator {
namespace {

constexpr const char* kDescription =
    "Scales the workers of this box: looks at the backlog, decides how many workers each pool\n"
    "should have, starts and retires worker processes, and hands back the work of those that die.\n"
    "One scaler a host and store; when it is restarted it adopts the workers that are running.";

constexpr const char* kExamples =
    "Examples:\n"
    "  scaler --store .fleet/fleet.db                        serve all pools until it is stopped\n"
    "  scaler --store .fleet/fleet.db --pool gpu --max 2     one pool, at most two workers here\n"
    "  scaler --store .fleet/fleet.db --dry-run              show the plan, change nothing\n"
    "  scaler --store .fleet/fleet.db --target-workers 3 --once\n"
    "                                                        exactly three workers, then exit\n"
    "\n"
    "SIGTERM or Ctrl-C retires the workers and waits for them (twice: kills them, their work goes\n"
    "back); with --leave-workers they go on. Exit codes: 0 stopped or done, 1 error, 2 bad usage.";

/// What was typed, before CLI11 turned it into numbers of seconds.
struct Typed {
    std::string store;
    double grace = 30;
    double lease_ttl = 15;
    bool version = false;
    bool print_machine = false;
};

std::string own_host_name() {
    std::string name(256, '\0');
    if (::gethostname(name.data(), name.size() - 1) != 0) {
        return "localhost";
    }
    name.resize(name.find('\0'));
    return name.empty() ? "localhost" : name;
}

void add_options(CLI::App& app, ScalerOptions& options, Typed& typed) {
    app.add_option("--store", typed.store,
                   "Store URL or SQLite file; default FLEET_STORE, else the .fleet/ found upwards")
        ->type_name("URL");
    app.add_option("--pool", options.pools, "Pool to serve, repeatable; default all pools")
        ->type_name("P")
        ->allow_extra_args(false);
    app.add_option("--batch", options.batch, "Serve one batch, and exit when it is done")
        ->type_name("B");
    app.add_option("--min", options.min_workers, "Least workers of each pool")
        ->check(CLI::Range(0, 10'000))
        ->type_name("N");
    app.add_option("--max", options.max_workers, "Most workers of each pool; default the cores")
        ->check(CLI::Range(0, 10'000))
        ->type_name("N");
    app.add_option("--fleet-max", options.fleet_max,
                   "Most workers of all pools and hosts together; the same for every scaler")
        ->check(CLI::Range(0, 1'000'000))
        ->type_name("N");
    app.add_option("--slots", options.slots,
                   "Slots of each worker; default 4, for commands slots x workers <= cores")
        ->check(CLI::Range(1, 1'000))
        ->type_name("N");
    app.add_option("--target-workers", options.target_workers,
                   "Exactly so many workers on this host, whatever the backlog")
        ->check(CLI::Range(0, 10'000))
        ->type_name("N");
    app.add_flag("--once", options.once,
                 "Act once, wait until it is done, leave the workers, exit");
    app.add_flag("--dry-run", options.dry_run, "Print the plan and change nothing");
    app.add_flag("--json", options.json, "With --dry-run: the plan as JSON");
    app.add_flag("--leave-workers", options.leave_workers,
                 "When stopped, leave the workers running");
    app.add_flag("--resume-only", options.resume_only,
                 "Workers go on with what was begun before and begin nothing new");
    app.add_option("--host-id", options.host, "Name of this host; default its host name")
        ->type_name("H");
    app.add_option("--parent-fd", options.parent_fd,
                   "Descriptor whose end of file means: retire the workers and exit")
        ->type_name("FD");
    app.add_option("--grace", typed.grace, "Seconds that a retiring worker may take to finish")
        ->check(CLI::Range(0.0, 1e6))
        ->type_name("S");
    app.add_option("--lease-ttl", typed.lease_ttl, "Seconds that a lease holds without renewal")
        ->check(CLI::Range(1.0, 86'400.0))
        ->type_name("S");
    app.add_option("--log-level", options.log_level_name, "debug, info, warn, error or off")
        ->type_name("L");
    app.add_option("--machine", options.machine_file,
                   "Run this edited copy of the scaler's own machine")
        ->type_name("FILE");
    app.add_option("--worker-machine", options.worker_machine_file,
                   "Start the workers with this edited copy of theirs")
        ->type_name("FILE");
    app.add_flag("--print-machine", typed.print_machine,
                 "Print the built-in machine, to be edited, and exit");
    app.add_flag("--version", typed.version, "Print the version and exit");
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
    if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) {
        return error.what();
    }
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) {
        known.push_back(option->get_name());
    }
    std::vector<std::string> extras = app.remaining();
    const auto option = std::find_if(extras.begin(), extras.end(),
                                     [](const std::string& text) { return text.starts_with('-'); });
    if (option != extras.end()) {
        const std::string name = option->substr(0, option->find('='));
        const auto nearest = base::nearest_name(name, known);
        return "unknown option " + name + (nearest ? "; did you mean " + *nearest + "?" : "");
    }
    return error.what();
}

base::Millis to_millis(double seconds) {
    return base::Millis(static_cast<std::int64_t>(seconds * 1000));
}

void complete(ScalerOptions& options, const Typed& typed) {
    const auto here = std::filesystem::current_path();
    const char* environment = std::getenv("FLEET_STORE");
    options.store = typed.store.empty()
                        ? base::default_store_url(here, environment != nullptr ? environment : "")
                        : base::StoreUrl::parse(typed.store, here);
    if (options.store.scheme == "memory") {
        throw base::ConfigError(
            "opening store memory: for a scaler: it would see nothing of other"
            " processes",
            "name a file, such as sqlite:.fleet/fleet.db");
    }
    options.grace = to_millis(typed.grace);
    options.lease_ttl = to_millis(typed.lease_ttl);
    options.log_level = base::parse_log_level(options.log_level_name);
    if (!options.worker_machine_file.empty()) {
        // The workers start in the folder that theirs commands need.
        options.worker_machine_file = std::filesystem::absolute(options.worker_machine_file);
    }
    options.host = options.host.empty() ? own_host_name() : options.host;
    if (options.min_workers && options.max_workers && *options.min_workers > *options.max_workers) {
        throw base::ConfigError("--min " + std::to_string(*options.min_workers) +
                                    " is more than --max " + std::to_string(*options.max_workers),
                                "exchange them");
    }
    if (!options.batch.empty() && options.pools.size() > 1) {
        throw base::ConfigError(
            "--batch is in one pool, but --pool names " + std::to_string(options.pools.size()),
            "name the batch's pool only");
    }
}

}  // namespace

ParsedScalerOptions parse_scaler_options(const std::vector<std::string>& arguments,
                                         std::ostream& out, std::ostream& err) {
    CLI::App app(kDescription, "scaler");
    app.footer(kExamples);
    app.get_formatter()->column_width(28);
    ScalerOptions options;
    Typed typed;
    add_options(app, options, typed);
    // CLI11 takes them from the back.
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    try {
        app.parse(reversed);
        if (typed.version) {
            out << "scaler " << FLEET_VERSION << '\n';
            return 0;
        }
        if (typed.print_machine) {
            out << definitions::find_built_in("coordinator")->text;
            return 0;
        }
        complete(options, typed);
        return options;
    } catch (const CLI::CallForHelp&) {
        out << app.help();
        return 0;
    } catch (const CLI::ParseError& error) {
        err << "scaler: " << explain(app, error) << "; see scaler --help\n";
        return 2;
    } catch (const base::ConfigError& error) {
        err << "scaler: " << error.full_text() << '\n';
        return 2;
    }
}

}  // namespace fleet::coordinator
