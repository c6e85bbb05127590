// A machine in one process with everything around it under the test's hand.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "machines/engine/inline_runner.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::test {

/// The process "died" right after a checkpoint.
struct TornDown : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class MachineLab {
  public:
    /// The definition is a file machine.yml of its own folder.
    explicit MachineLab(const std::string& definition);
    MachineLab(const MachineLab&) = delete;
    MachineLab& operator=(const MachineLab&) = delete;
    ~MachineLab();

    [[nodiscard]] engine::Outcome run(const std::string& input);
    /// From the last checkpoint, as another process would.
    [[nodiscard]] engine::Outcome resume();
    void send(const std::string& channel, const std::string& data);
    /// "EVENT STATE STEP" of the first machine.
    void tear_down_after(const std::string& point);
    /// Of the first machine, all runs.
    [[nodiscard]] std::vector<std::string> events() const;

  private:
    class Surroundings;
    test_support::TemporaryFolder folder_;
    std::unique_ptr<Surroundings> surroundings_;
    std::shared_ptr<const engine::Program> program_;
};

}  // namespace fleet::test
