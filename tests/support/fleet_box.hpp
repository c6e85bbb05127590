// A folder with a store of its own, and `fleet` as a person uses it there.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/run_program.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::test_support {

class FleetBox {
  public:
    FleetBox() = default;
    FleetBox(const FleetBox&) = delete;
    FleetBox& operator=(const FleetBox&) = delete;
    /// Ends what still runs of this box: scalers and workers of its store.
    ~FleetBox();

    [[nodiscard]] std::filesystem::path path(std::string_view name) const { return folder_ / name; }
    [[nodiscard]] std::filesystem::path store() const { return folder_ / ".fleet/fleet.db"; }
    void write(std::string_view name, std::string_view text) const;
    /// A file that may be executed.
    void write_script(std::string_view name, std::string_view text) const;
    /// Empty when the file is not there.
    [[nodiscard]] std::string read(std::string_view name) const;

    [[nodiscard]] Program program(std::vector<std::string> arguments) const;
    [[nodiscard]] ProgramResult fleet(
        std::vector<std::string> arguments, std::optional<std::string> stdin_text = {},
        std::chrono::milliseconds limit = std::chrono::seconds(60)) const;

    /// SIGKILL to every process that was started for this box.
    void kill_all() const;

    /// Lines of `fleet results`; the lines of one batch.
    [[nodiscard]] std::vector<std::string> results(const std::string& batch) const;
    /// How many executions the store holds; 0 when there is no store.
    [[nodiscard]] std::size_t executions() const;

  private:
    TemporaryFolder folder_;
};

[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

}  // namespace fleet::test_support
