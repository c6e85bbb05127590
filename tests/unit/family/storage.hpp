// The same tests for every place where the family keeps checkpoints and signals.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "machines/expression/print.hpp"
#include "machines/family/checkpoints.hpp"
#include "machines/family/signals.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::family::test {

/// Checkpoints in a folder of their own, which may be closed and opened again.
class Opened {
  public:
    /// "memory", "folder" or "sqlite".
    explicit Opened(std::string kind) : kind_(std::move(kind)) { open(); }

    [[nodiscard]] FamilyCheckpoints& checkpoints() { return *checkpoints_; }
    [[nodiscard]] std::filesystem::path folder() const { return folder_ / ".checkpoints"; }
    [[nodiscard]] std::filesystem::path file() const { return folder_ / "run.sqlite"; }
    /// As another process would find it; memory stays.
    void open() {
        if (kind_ == "memory" && checkpoints_) {
            return;
        }
        checkpoints_.reset();
        checkpoints_ =
            std::make_unique<FamilyCheckpoints>(kind_ == "memory"   ? memory_checkpoints()
                                                : kind_ == "folder" ? folder_checkpoints(folder())
                                                                    : sqlite_checkpoints(file()));
    }

  private:
    const std::string kind_;
    test_support::TemporaryFolder folder_;
    std::unique_ptr<FamilyCheckpoints> checkpoints_;
};

[[nodiscard]] inline engine::MachineSnapshot snapshot(const std::string& id, std::int64_t step,
                                                      engine::Event event) {
    engine::MachineSnapshot made;
    made.execution_id = id;
    made.machine_name = "review";
    made.spec_version = "4.2.1";
    made.current_state = "draft";
    made.context = expression::from_json(R"({"n":3,"text":"é","list":[1,2.5,null]})");
    made.step = step;
    made.event = event;
    return made;
}

}  // namespace fleet::family::test
