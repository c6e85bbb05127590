// What /proc tells about processes. Every answer may be old when it arrives: whoever acts on a pid
// compares its start time first. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace fleet::process {

struct ProcStat {
    pid_t pid = 0;
    char state = '?';  ///< R S D T t Z X ...
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    std::uint64_t start_ticks = 0;  ///< since boot; with the pid it names a process

    /// It runs no code any more; at most its entry is left.
    [[nodiscard]] bool is_dead() const { return state == 'Z' || state == 'X' || state == 'x'; }
};

/// One line of /proc/PID/stat. The name in the second field may hold spaces, parentheses and line
/// breaks. nullopt if the text is not of that form.
[[nodiscard]] std::optional<ProcStat> parse_proc_stat(std::string_view text);
/// nullopt: there is no such process.
[[nodiscard]] std::optional<ProcStat> read_proc_stat(pid_t pid);
/// The environment as the process was started with it, members ended by NUL; empty if it cannot be
/// read (gone, a zombie, another user's).
[[nodiscard]] std::string read_environ(pid_t pid);
/// True if `environ_text` (see above) holds exactly this "NAME=value".
[[nodiscard]] bool has_variable(std::string_view environ_text, std::string_view name_and_value);
/// All pids that /proc shows.
[[nodiscard]] std::vector<pid_t> all_pids();
/// A whole small file (of /proc), or nullopt if it cannot be read.
[[nodiscard]] std::optional<std::string> read_small_file(const std::string& path);

}  // namespace fleet::process
