// Programs in kernel namespaces of their own: what they mount or start is seen by nobody else and
// ends with them. As root directly, otherwise through a user namespace.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/support/run_program.hpp"

namespace fleet::fault_test {

/// Stands before a program: it runs as the first process of a pid namespace with its own /proc and
/// is killed with the program that is started (`unshare`).
[[nodiscard]] std::vector<std::string> own_pid_namespace();

/// As numbers of this namespace.
[[nodiscard]] std::vector<pid_t> children_of(pid_t pid);
/// There must be exactly one.
[[nodiscard]] pid_t the_child_of(pid_t pid);

/// A folder on a small disk of its own. The disk exists in a mount namespace only; programs reach
/// it when they are started with `inside()`, the test by `seen()`.
class SmallDisk {
  public:
    /// `folder` must exist. Fails the test when the system does not let it mount.
    SmallDisk(std::filesystem::path folder, std::uint64_t bytes);

    /// The same program, inside.
    [[nodiscard]] test_support::Program inside(test_support::Program program) const;
    /// Where the test sees a path of the disk.
    [[nodiscard]] std::filesystem::path seen(const std::string& name) const;
    /// Fills what is free with a file; `leave` bytes stay free.
    void fill(std::uint64_t leave) const;
    void free_again() const;
    [[nodiscard]] std::uint64_t free_bytes() const;

  private:
    std::filesystem::path folder_;
    test_support::ChildProgram holder_;  ///< keeps the namespace alive
};

}  // namespace fleet::fault_test
