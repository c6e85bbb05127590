#include "cli/work/results_writer.hpp"

#include <cerrno>
#include <fstream>
#include <unistd.h>

#include <system_error>

#include "common/base/errors.hpp"
#include "common/base/portable_json.hpp"
#include "common/model/json_writer.hpp"

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

/// Payloads may be large: a page stays well under a second of reading.
constexpr std::size_t kPage = 200;

[[noreturn]] void fail(const std::string& doing, const fs::path& file) {
    throw base::ConfigError(base::describe_errno(doing + " " + file.string(), errno),
                            "the results stay in the store: `fleet results`");
}

}  // namespace

base::JsonText result_line(const model::Execution& execution) {
    model::JsonObjectWriter json;
    json.text("id", execution.id.text());
    json.text("status", to_text(execution.status));
    json.embed("input", base::portable_json(execution.input));
    json.embed("output", base::portable_json(execution.output));
    const bool failed = execution.error && execution.status != model::Status::done;
    if (failed) {
        model::JsonObjectWriter error;
        error.text("kind", to_text(execution.error->kind));
        if (!execution.error->type.empty()) {
            error.text("type", execution.error->type);
        }
        error.text("message", execution.error->message);
        error.text("evidence", execution.error->evidence);
        json.embed("error", error.finish());
    } else {
        json.null("error");
    }
    return json.finish();
}

std::int64_t write_results(contracts::WorkBackend& work, contracts::ExecutionFilter filter,
                           std::ostream& out) {
    std::int64_t written = 0;
    filter.limit = kPage;
    filter.after = 0;
    do {
        const contracts::ExecutionPage page = work.find(filter);
        for (const model::Execution& execution : page.executions) {
            out << result_line(execution) << '\n';
            ++written;
        }
        filter.after = page.next;
    } while (filter.after != 0);
    return written;
}

std::int64_t write_results_file(contracts::WorkBackend& work,
                                const contracts::ExecutionFilter& filter, const fs::path& file) {
    std::error_code status_error;
    if (fs::exists(file, status_error) && !fs::is_regular_file(file, status_error)) {
        // A pipe or a device cannot be replaced.
        std::ofstream out(file, std::ios::binary);
        const std::int64_t written = write_results(work, filter, out);
        if (!out.flush()) {
            fail("writing results to", file);
        }
        return written;
    }
    fs::path partial = file;
    partial += ".part";
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    if (!out) {
        fail("making the results file", partial);
    }
    const std::int64_t written = write_results(work, filter, out);
    out.close();
    if (!out) {
        const int error = errno;
        ::unlink(partial.c_str());
        errno = error;
        fail("writing results to", partial);
    }
    if (::rename(partial.c_str(), file.c_str()) != 0) {
        fail("naming the results file", file);
    }
    return written;
}

void check_output_file(const fs::path& file) {
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        throw base::ConfigError(
            "--output " + file.string() + ": the folder " + folder.string() + " is not there",
            "make it first; nothing was submitted");
    }
    if (fs::is_directory(file, error)) {
        throw base::ConfigError("--output " + file.string() + " is a directory",
                                "name a file; nothing was submitted");
    }
    if (::access(folder.c_str(), W_OK) != 0) {
        throw base::ConfigError(
            base::describe_errno("--output " + file.string() + ": writing to " + folder.string(),
                                 errno),
            "nothing was submitted");
    }
}

}  // namespace fleet::cli
