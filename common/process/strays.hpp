// Ends what a command leaves behind outside its process group: daemons that made a session of their
// own. The process must be a child subreaper (become_subreaper), so that they become its children.
//
// Looking is one system call when nothing was left, so it is done after every attempt. Several
// attempts run at once, and a daemon of one that still runs must live: a stray is ended when its
// environment names an attempt that is over, or, if it has hidden its environment, when every
// attempt that it may be of is over.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/base/fd.hpp"
#include "common/base/time.hpp"

namespace fleet::process {

/// "NAME=value" in the environment of commands that serve all attempts (hooks), and so of all that
/// these start: none of it is a stray.
inline constexpr const char* kServingVariable = "FLEET_HOOK=1";

/// Thread-safe; one for all attempts of the process. Strays are looked for among the children of
/// the main thread, which is where the kernel puts orphans.
class StrayReaper {
  public:
    StrayReaper();

    /// One attempt, from before its command is spawned until after it was reaped.
    class Attempt {
      public:
        /// `variable`: "NAME=value" that stands in the environment of this attempt's command alone.
        /// `reaper` must outlive it.
        Attempt(StrayReaper& reaper, std::string variable);
        Attempt(const Attempt&) = delete;
        Attempt& operator=(const Attempt&) = delete;
        /// As `end`, if that was not called.
        ~Attempt();

        /// The command runs; its own Child reaps it.
        void started(pid_t leader);
        /// After the command was reaped (or not started): kills and reaps its strays, and waits for
        /// their end, at most `limit`. Returns how many were killed.
        std::size_t end(base::Millis limit = base::Millis{5'000});

      private:
        StrayReaper& reaper_;
        std::uint64_t number_;
        bool ended_ = false;
    };

  private:
    struct Running {
        std::string variable;
        pid_t leader = 0;  ///< 0: being spawned
    };
    enum class Verdict { leave, kill, reaped };

    [[nodiscard]] std::vector<pid_t> children() const;
    [[nodiscard]] Verdict judge(pid_t pid, const std::string& own_variable);
    std::size_t sweep(const std::string& own_variable, base::BootTime end);
    std::size_t finish(std::uint64_t number, base::Millis limit);

    base::UniqueFd children_file_;
    std::mutex mutex_;  ///< guards all below
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, Running> running_;
    /// Children without a mark, and the attempts that they may be of.
    std::map<pid_t, std::set<std::uint64_t>> suspects_;
};

}  // namespace fleet::process
