// A machine with everything that it refers to: the machines and agents of other files and those in
// place. Loaded once, read from any thread afterwards.
//
// Files are named relative to the first file's folder ("machine.yml", "parts/child.yml"), and what
// a file refers to is found from that file's own folder. So a bundle means the same wherever it is:
// `canonical_text` holds all of it and `load_canonical` gives it back where no file is.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machines/config/document.hpp"
#include "machines/config/machine_config.hpp"

namespace fleet::config {

struct MachineBundle {
    /// The first is the one that was asked for. A machine that cannot be started has a `refusal`.
    std::vector<MachineDefinition> machines;
    std::string file;                   ///< the first one's name
    std::map<std::string, Node> files;  ///< every document that was read, by its name
    /// The hooks that stood beside the file when it was submitted: calls::stored_hooks.
    std::optional<Node> hooks;
};

/// More that is looked at in every machine while it is read, also in one that cannot be started:
/// its definition may be incomplete then. `path` is that of the machine in its file, with a point
/// behind it where it is not empty; `source` the file's text, empty when there is none.
using MachineChecks = std::function<void(const MachineDefinition& machine, const std::string& path,
                                         std::string_view source, Findings& findings)>;

struct LoadResult {
    /// A load_error is one of the first machine's own file; what is wrong in a child is a
    /// run_error here and the child's `refusal`.
    std::vector<Diagnostic> diagnostics;
    /// nullopt when the first machine cannot be started.
    std::optional<MachineBundle> bundle;
};

/// Reports everything that is wrong with the file and with those that it refers to, also when it is
/// missing or cannot be read.
/// With what `checks` finds in each machine.
[[nodiscard]] LoadResult load_machine(const std::filesystem::path& file, const Limits& limits = {},
                                      const MachineChecks& checks = {});

/// All files of the bundle as compact JSON: the same for the same meaning, whatever its comments,
/// spacing, quotes, anchors and place; its hooks, where it has some, name places. The order of keys
/// is kept: it has a meaning. Its hash names the configuration.
[[nodiscard]] std::string canonical_text(const MachineBundle& bundle);

/// The inverse. Throws base::ConfigError when `text` was not made by canonical_text.
[[nodiscard]] LoadResult load_canonical(std::string_view text);

}  // namespace fleet::config
