#include <algorithm>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/output.hpp"
#include "cli/items/line_reader.hpp"
#include "cli/operate/fleet_file_start.hpp"
#include "cli/simulate/figures.hpp"
#include "cli/simulate/plot.hpp"
#include "cli/simulate/scenario_file.hpp"
#include "cli/work/results_writer.hpp"
#include "common/base/errors.hpp"
#include "scaler/simulate/fleet_run.hpp"

namespace fleet::cli {
namespace {

struct SimulateOptions {
    std::string scenario;
    std::optional<std::int64_t> seed;
    std::optional<int> seeds;
    std::string plot;
    std::string order = "depth-first";
    FormatOptions format;
};

std::string read_standard_input() {
    constexpr std::size_t kMostBytes = config::Limits{}.file_bytes;
    LineReader lines(STDIN_FILENO, "standard input", kMostBytes);
    std::string text;
    while (const auto line = lines.next()) {
        text.append(*line) += '\n';
        if (text.size() > kMostBytes) {
            throw base::ConfigError("the scenario on standard input is larger than 8 MiB");
        }
    }
    return text;
}

ScenarioFile read(CommandContext& context, const SimulateOptions& options) {
    ScenarioRead read =
        options.scenario == "-"
            ? read_scenario(read_standard_input(), "standard input", config::Syntax::yaml)
            : read_scenario_file(context.directory / options.scenario, options.scenario);
    std::ptrdiff_t errors = 0;
    for (const config::Diagnostic& one : read.diagnostics) {
        print_diagnostic(context.terminal, context.err, one);
        errors += one.severity == config::Severity::warning ? 0 : 1;
    }
    if (!read.file) {
        throw base::ConfigError("the scenario " + options.scenario + " has " +
                                    std::to_string(errors) + (errors == 1 ? " error" : " errors"),
                                "mend what is listed above; docs/simulate.md has all keys");
    }
    return std::move(*read.file);
}

simulate::ClaimOrder claim_order(const std::string& name) {
    static const std::vector<std::string> kNames{"depth-first", "fifo", "optimiser"};
    const auto found = std::ranges::find(kNames, name);
    if (found == kNames.end()) {
        throw UsageError("there is no order \"" + name + "\"", config::suggestion(name, kNames));
    }
    return static_cast<simulate::ClaimOrder>(found - kNames.begin());
}

enum class PlotForm { none, svg, html };

PlotForm plot_form(const SimulateOptions& options) {
    const auto ends = [&](std::string_view suffix) { return options.plot.ends_with(suffix); };
    if (options.plot.empty()) {
        return PlotForm::none;
    }
    if (!ends(".svg") && !ends(".html") && !ends(".htm")) {
        throw UsageError("--plot " + options.plot + " names neither a picture nor a page",
                         "end it in .svg or .html");
    }
    return ends(".svg") ? PlotForm::svg : PlotForm::html;
}

/// How far it is, redrawn a few times a second on a terminal.
class Progress {
  public:
    Progress(CommandContext& context, int runs)
        : context_(context), block_(context.err, context.terminal), runs_(runs) {}

    void show(int run, const simulate::RunProgress& progress) {
        constexpr base::Millis kPause{200};
        const base::BootTime now = context_.clock.boot_now();
        if (now < next_) {
            return;
        }
        next_ = now + kPause;
        std::string line =
            runs_ > 1 ? "run " + std::to_string(run + 1) + " of " + std::to_string(runs_) + ": "
                      : "";
        line += base::human_duration(progress.at) + " simulated, " + with_commas(progress.done) +
                " of " + with_commas(progress.items) + " items done";
        block_.show({line});
    }
    void clear() { block_.clear(); }

  private:
    CommandContext& context_;
    LiveBlock block_;
    int runs_;
    base::BootTime next_{};
};

std::vector<simulate::Report> run_all(CommandContext& context, simulate::Scenario scenario,
                                      int runs) {
    Progress progress(context, runs);
    const std::uint64_t first = scenario.seed;
    std::vector<simulate::Report> reports;
    for (int run = 0; run < runs; ++run) {
        scenario.seed = first + static_cast<std::uint64_t>(run);
        const auto tell = [&](const simulate::RunProgress& now) { progress.show(run, now); };
        reports.push_back(context.terminal.err_is_terminal() ? simulate::run_fleet(scenario, tell)
                                                             : simulate::run_fleet(scenario));
        if (run > 0) {
            // The picture is of the first one; the others' moments would only fill the memory.
            reports.back().moments.clear();
        }
    }
    progress.clear();
    return reports;
}

Table table_of(const std::vector<simulate::Report>& reports) {
    std::vector<Figures> all;
    for (const simulate::Report& report : reports) {
        all.push_back(figures_of(report));
    }
    if (all.size() > 1) {
        all.push_back(median_of(all));
    }
    return figures_table(all);
}

void write_plot(const std::filesystem::path& file, const std::string& text) {
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) {
        throw base::ConfigError("writing the plot to " + file.string() + " failed",
                                "choose another file, or make room");
    }
}

void plot(const CommandContext& context, const SimulateOptions& options,
          const simulate::Scenario& scenario, const std::vector<simulate::Report>& reports) {
    const PlotForm form = plot_form(options);
    if (form == PlotForm::none) {
        return;
    }
    const auto file = context.directory / options.plot;
    if (form == PlotForm::svg) {
        write_plot(file, plot_svg(scenario, reports.front()));
        return;
    }
    std::ostringstream table;
    table_of(reports).print(table, Terminal({}));
    write_plot(file, plot_html(scenario, reports.front(), table.str()));
}

/// Promises that did not hold are errors; a backlog that is not drained is told.
int judge(CommandContext& context, const std::vector<simulate::Report>& reports) {
    int code = kExitDone;
    for (const simulate::Report& report : reports) {
        const std::string run = "seed " + std::to_string(report.seed);
        if (!report.drained) {
            context.err << "fleet: " << run << ": " << with_commas(report.items - report.done)
                        << " items were left after " << base::human_duration(report.ended_at)
                        << "; give it a longer `length`, or more workers\n";
            code = code == kExitDone ? kExitSomeFailed : code;
        }
        for (const std::string& promise : report.broken) {
            context.err << "fleet: " << run << ": " << promise << '\n';
            code = kExitError;
        }
    }
    return code;
}

int simulate_command(CommandContext& context, const SimulateOptions& options) {
    if (plot_form(options) != PlotForm::none) {
        check_output_file(context.directory / options.plot);
    }
    const simulate::ClaimOrder order = claim_order(options.order);
    ScenarioFile file = read(context, options);
    if (options.seed) {
        file.scenario.seed = static_cast<std::uint64_t>(*options.seed);
    }
    file.scenario.order = order;
    const auto reports = run_all(context, file.scenario, options.seeds.value_or(file.seeds));
    const Format format = options.format.format();
    if (format == Format::table) {
        table_of(reports).print(context.out, context.terminal);
    } else {
        JsonList list(context.out, format);
        for (const base::JsonText& object : figures_json(reports)) {
            list.add(object);
        }
        list.finish();
    }
    plot(context, options, file.scenario, reports);
    return judge(context, reports);
}

}  // namespace

void add_simulate_command(Commands& commands) {
    CLI::App& app = commands.add(
        "simulate", Group::running, "how a fleet would do: a scenario with a virtual clock",
        {.description =
             "SCENARIO is a file (YAML or JSON) that says what work comes, how long it takes,\n"
             "which providers limit it and when they fail, and which hosts there are; \"-\" is\n"
             "standard input. The scaler's own decisions, pace, circuit and budget are driven\n"
             "with a virtual clock: hours take seconds. No store is opened, nothing is called.\n"
             "\n"
             "The table has a line for each seed, and their median:\n"
             "  DRAINED    until the last item was done     ORACLE  who knew everything before\n"
             "  GOODPUT    calls answered, of what the slowest provider gives in steady state\n"
             "  429s       refused calls                    WORKERS the most at once\n"
             "  HOURS      of workers, and of them USEFUL   REVERSALS  grew, then shrank, ...\n"
             "  OPENINGS   of circuits",
         .examples = "  fleet simulate scenario.yml\n"
                     "  fleet simulate scenario.yml --seeds 20 --plot run.html\n"
                     "  fleet simulate scenario.yml --seed 7 --json | jq '.[0].ratio'\n"
                     "  printf 'items: 5000\\npool: {max: 8}\\n' | fleet simulate -\n",
         .exit_codes = "  0  every run drained its items\n  1  an error, told on standard error\n"
                       "  2  bad usage\n  3  a run ended before its items were done\n"});
    const auto options = std::make_shared<SimulateOptions>();
    app.add_option("SCENARIO", options->scenario, "the file, or - for standard input")->required();
    app.add_option("--seed", options->seed, "of the (first) run, instead of the file's")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53).description(""));
    app.add_option("--seeds", options->seeds, "so many runs, with seeds that follow each other")
        ->type_name("N")
        ->check(CLI::Range(1, 10'000).description(""));
    app.add_option("--plot", options->plot,
                   "draw the first run into this file: .svg a picture, .html a page")
        ->type_name("FILE");
    app.add_option("--order", options->order,
                   "claim depth-first, as fleets do, or, to compare, fifo or optimiser")
        ->type_name("ORDER");
    add_format_options(app, options->format);
    commands.on(app,
                [options](CommandContext& context) { return simulate_command(context, *options); });
}

}  // namespace fleet::cli
