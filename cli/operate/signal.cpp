// `fleet signal`: data for whoever waits on a channel.
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <CLI/App.hpp>

#include "cli/commands.hpp"
#include "cli/core/find_execution.hpp"
#include "cli/core/output.hpp"
#include "cli/view/describe.hpp"
#include "common/base/errors.hpp"
#include "common/base/fd.hpp"
#include "common/base/json.hpp"
#include "common/model/json_writer.hpp"
#include "machines/expression/errors.hpp"
#include "machines/expression/print.hpp"

namespace fleet::cli {
namespace {

/// Every execution that is woken keeps a copy.
constexpr std::size_t kMostBytes = 1U << 20U;

struct SignalOptions {
    std::string channel;
    std::string json_text;
    std::string file;
    std::string to;
    bool json = false;
};

const Help kHelp{
    .description =
        "Sends JSON (default: {}) to every execution that waits on the channel now: each\n"
        "gets a copy and goes on with it. If nobody waits, it is kept for the first that\n"
        "comes. With --to it is for one execution alone, and is kept for that one until it\n"
        "waits on the channel or ends. `fleet signals` lists what is kept and who waits.",
    .examples =
        "  fleet signal approvals '{\"approved\": true}'\n"
        "  fleet signal approvals --to 0192f3a4 --file answer.json\n"
        "  make-report | fleet signal reports -\n",
    .exit_codes =
        "  0    executions were woken, or it is kept\n"
        "  1    the execution of --to has ended or is not there, or an error\n"
        "  2    bad usage\n",
};

std::string read_all(int fd, const std::string& name) {
    std::string text;
    std::string chunk(64U << 10U, '\0');
    for (;;) {
        const ssize_t got = ::read(fd, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            throw base::ConfigError(base::describe_errno("reading " + name, errno));
        }
        if (got == 0) {
            return text;
        }
        text.append(chunk, 0, static_cast<std::size_t>(got));
        if (text.size() > kMostBytes) {
            return text;
        }
    }
}

/// Compact.
base::JsonText payload_of(const CommandContext& context, const SignalOptions& options) {
    std::string text = options.json_text.empty() ? "{}" : options.json_text;
    std::string source = "JSON";
    if (!options.file.empty() && options.file != "-") {
        const auto file = (context.directory / options.file).lexically_normal();
        source = "--file " + file.string();
        const base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd) {
            throw base::ConfigError(base::describe_errno("opening " + source, errno));
        }
        text = read_all(fd.get(), source);
    } else if (options.file == "-" || options.json_text == "-") {
        source = "standard input";
        text = read_all(STDIN_FILENO, source);
    }
    if (text.size() > kMostBytes) {
        throw base::ConfigError(source + " is larger than 1 MiB, the most that a signal carries",
                                "put large data into a file and send its path");
    }
    static_cast<void>(base::parse_json(text, source));
    try {
        return expression::to_json(expression::from_json(text));  // keeps long integers exact
    } catch (const expression::EvaluationError& error) {
        throw base::ConfigError(source + ": " + error.what());
    }
}

int send_broadcast(CommandContext& context, contracts::Store& store, const SignalOptions& options,
                   const base::JsonText& payload) {
    const contracts::SendResult sent = store.signals().send(options.channel, payload);
    const auto woken = static_cast<std::int64_t>(sent.woken);
    if (options.json) {
        model::JsonObjectWriter json;
        json.text("channel", options.channel);
        json.integer("woken", woken);
        json.boolean("kept", sent.kept);
        context.out << json.finish() << std::endl;
    } else if (sent.kept) {
        context.out << "nobody waits on channel " << printable(options.channel)
                    << ": kept for the first execution that does" << std::endl;
    } else {
        context.out << "woke " << counted(woken, "execution") << " that waited on channel "
                    << printable(options.channel) << std::endl;
    }
    return kExitDone;
}

const char* outcome_text(contracts::Addressed outcome) {
    switch (outcome) {
        case contracts::Addressed::woken:
            return "woken";
        case contracts::Addressed::kept:
            return "kept";
        case contracts::Addressed::ended:
            return "ended";
        case contracts::Addressed::not_found:
            break;
    }
    return "not_found";
}

int send_addressed(CommandContext& context, contracts::Store& store, const SignalOptions& options,
                   const base::JsonText& payload) {
    const model::ExecutionId id = resolve_id(store, options.to);
    const contracts::Addressed outcome = store.signals().send_to(id, options.channel, payload);
    const bool arrived =
        outcome == contracts::Addressed::woken || outcome == contracts::Addressed::kept;
    if (options.json) {
        model::JsonObjectWriter json;
        json.text("channel", options.channel);
        json.text("execution", id.text());
        json.text("outcome", outcome_text(outcome));
        context.out << json.finish() << std::endl;
        return arrived ? kExitDone : kExitError;
    }
    switch (outcome) {
        case contracts::Addressed::woken:
            context.out << "woke execution " << id.text() << std::endl;
            break;
        case contracts::Addressed::kept:
            context.out << "kept for execution " << id.text() << ": it does not wait on channel "
                        << printable(options.channel) << " now" << std::endl;
            break;
        case contracts::Addressed::ended:
            throw base::ConfigError("signalling execution " + id.text() + ": it has ended",
                                    "`fleet why " + id.text() + "` tells how");
        case contracts::Addressed::not_found:
            throw base::ConfigError("signalling execution " + id.text() +
                                        ": there is no such execution in " +
                                        store.url().text_without_secrets(),
                                    "`fleet ps --status waiting` lists those that wait");
    }
    return kExitDone;
}

int send(CommandContext& context, const SignalOptions& options) {
    if (options.channel.empty()) {
        throw UsageError("the channel has no name");
    }
    if (!options.json_text.empty() && !options.file.empty()) {
        throw UsageError("both JSON and --file were given");
    }
    const base::JsonText payload = payload_of(context, options);
    const auto store = context.open_store(store::Missing::refuse);
    return options.to.empty() ? send_broadcast(context, *store, options, payload)
                              : send_addressed(context, *store, options, payload);
}

}  // namespace

void add_signal_command(Commands& commands) {
    CLI::App& app =
        commands.add("signal", Group::work, "sends data to executions that wait for it", kHelp);
    const auto options = std::make_shared<SignalOptions>();
    app.add_option("CHANNEL", options->channel, "the channel")->required();
    app.add_option("JSON", options->json_text, "what to send; - is standard input");
    app.add_option("--to", options->to, "for this execution alone")->type_name("ID");
    app.add_option("--file", options->file, "send what this file holds; - is standard input")
        ->type_name("FILE");
    app.add_flag("--json", options->json, "print the outcome as one JSON object");
    commands.on(app, [options](CommandContext& context) { return send(context, *options); });
}

}  // namespace fleet::cli
