// Carries out the ops of a case in a working folder of its own.
#pragma once

#include <optional>
#include <string>

#include "common/base/json.hpp"
#include "machines/config/machine_bundle.hpp"
#include "tests/conformance/case_file.hpp"
#include "tests/conformance/recorder.hpp"
#include "tests/support/temporary_folder.hpp"

namespace fleet::conformance {

inline constexpr const char* kMainId = "exec-main";

/// Where a run goes on that was cut off right behind a state's exit.
enum class ResumeStyle {
    family,   ///< the state runs again, as with the family's SDK
    product,  ///< what comes after the state, as in a fleet
};

class Scenario {
  public:
    /// Copies the case's files. The case outlives the scenario.
    Scenario(const CaseFile& one, ResumeStyle style);

    /// The op's result in the form of expected.json, with `<uuid>` and `<dir>` for ids that were
    /// made and for the working folder.
    [[nodiscard]] base::Json run_op(const base::Json& op);
    [[nodiscard]] CaseMemory& memory() { return memory_; }

    /// Starts or resumes the machine of the op and lets everything end. The crash point replaces
    /// the op's own.
    [[nodiscard]] base::Json run_machine(const base::Json& op, bool resume,
                                         const std::optional<CrashPoint>& crash);

  private:
    [[nodiscard]] base::Json result_of(const base::Json& op);
    [[nodiscard]] base::Json load(const base::Json& op);
    [[nodiscard]] base::Json validate(const base::Json& op) const;
    [[nodiscard]] base::Json latest(const base::Json& op);
    [[nodiscard]] base::Json list(const base::Json& op);
    [[nodiscard]] base::Json clone(const base::Json& op);
    [[nodiscard]] base::Json pending_signals();
    [[nodiscard]] base::Json dispatch(const base::Json& op);
    [[nodiscard]] base::Json dispatch_channel(const base::Json& op, const std::string& channel,
                                              base::Json& resumed);
    [[nodiscard]] config::LoadResult load_file(const base::Json& op) const;
    void seed(const base::Json& op);

    const CaseFile& case_;
    const ResumeStyle style_;
    test_support::TemporaryFolder folder_;
    CaseMemory memory_;
};

}  // namespace fleet::conformance
